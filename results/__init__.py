"""Records of long runs, one JSON a run; a package so that they install with cnnbook. cnnbook.runs reads them."""
