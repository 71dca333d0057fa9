"""What makes work resume: results of stages on disk, under keys of what they were made from.

digest        anything that decides a result → sha256
environment   the code, the versions and the device that a result was made with
store         finished results: saved_models/.cache/<key>/
epochs        an unfinished training, stored after an epoch
cache         one stage: recall, go on, keep
workspace     temporary files that their owner's death gives up
lock          one run of a name at a time
exchange      a folder that takes the place of another by one rename
"""
