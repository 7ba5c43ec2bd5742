#!/bin/sh
# Prints a file as one C string literal, line by line.
exec sed -e 's/[\"]/\\&/g' -e 's/^/"/' -e 's/$/\\n"/' "$1"
