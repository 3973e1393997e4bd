"""`manage.py translate_markdown`: translates all Markdown files of a folder.

sources     the files to translate, and those that cannot be
crossings   the headings that files link to in one another
plan        what is to do
pairs       whether the engines know the languages
outcomes    how each of it ends
record      which translation was made of what
writing     files that are whole or not there
run         the loop over files and languages
display     a bar on a terminal, lines elsewhere
"""
