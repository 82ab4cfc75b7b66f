"""The write path: files -> articles -> passages and sentences -> a searchable index."""
