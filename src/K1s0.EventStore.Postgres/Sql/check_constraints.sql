-- What a commit would check, at once.
set constraints all immediate
