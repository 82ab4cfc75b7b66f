"""The report as JUnit XML, which CI services show as tests: a test for each case and threshold."""

import re
from collections.abc import Collection, Mapping
from typing import Any
from xml.etree import ElementTree

from eval.report.change import regression_lines
from eval.report.document import Document, checks_of, failing, faults

_CRASHES = ("error", "timeout")
# What XML 1.0 cannot hold, not even escaped (section 2.2).
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(data: Document) -> str:
    """Suites `cases` and `gate`; a case that went wrong is a failure, a crash or time-out an error.

    A case that the baseline has no better is skipped: it is known, and no news in a job.
    """
    root = ElementTree.Element("testsuites", name="footnote eval")
    cases = ElementTree.SubElement(root, "testsuite", name="cases")
    known = _known(data)
    for record in data["results"]:
        _add_case(cases, record, known)
    gate = ElementTree.SubElement(root, "testsuite", name="gate")
    for check in checks_of(data["gate"]):
        test = _test(gate, "threshold", check.threshold)
        if not check.passed:
            _fault(test, "failure", "below the bar", str(check))
    if data["comparison"]:
        test = _test(gate, "baseline", "no regression")
        if lines := regression_lines(data["comparison"]):
            _fault(test, "failure", "regression", "\n".join(lines))
    for suite in (cases, gate):
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("errors", str(len(suite.findall("testcase/error"))))
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _known(data: Document) -> set[str]:
    """The cases that failed in the baseline too, and fail no worse now."""
    comparison = data["comparison"]
    if not comparison:
        return set()
    worse = {change["id"] for change in comparison["changes"] if not change["better"]}
    unknown = worse | set(comparison["left_out"])
    for found in comparison["differences"]:
        if found["figure"] == "right_cited":
            unknown |= set(found["worse"])
    return {record["case"]["id"] for record in failing(data)} - unknown


def _add_case(
    suite: ElementTree.Element, record: Mapping[str, Any], known: Collection[str]
) -> None:
    case, wrong = record["case"], ", ".join(faults(record))
    test = _test(suite, case["kind"], case["id"])
    test.set("time", f"{record['seconds']:.3f}")
    if not wrong:
        return
    said = record["answer"]["text"] if record["answer"] else ""
    text = f"{record['reason']}\nQuestion: {case['question']}\nAnswer: {said}".rstrip()
    if case["id"] in known and all(record["citations_valid"]):
        skipped = ElementTree.SubElement(test, "skipped", message=f"as in the baseline: {wrong}")
        skipped.text = _speakable(text)
        return
    _fault(test, "error" if record["outcome"] in _CRASHES else "failure", wrong, text)


def _test(suite: ElementTree.Element, kind: str, name: str) -> ElementTree.Element:
    names = {"classname": f"footnote.{_speakable(kind)}", "name": _speakable(name)}
    return ElementTree.SubElement(suite, "testcase", names)


def _fault(test: ElementTree.Element, tag: str, kind: str, text: str) -> None:
    message = _speakable(text)
    fault = ElementTree.SubElement(test, tag, type=kind, message=message.split("\n")[0])
    fault.text = message


def _speakable(text: str) -> str:
    return _UNSPEAKABLE.sub("\ufffd", text)
