# %% [markdown] lang="ko"
# # 참고 문헌
#
# 이 책이 인용한 논문과 글입니다. 본문에서는 저자와 연도로 인용하고, 인용을 누르면 이 목록으로 옵니다. 무료로 읽을 수
# 있는 사본이 있으면 그 주소를 적었습니다. 논문에서 가져온 숫자 가운데 다시 계산할 수 있는 것은 셀이 다시 계산합니다.
#
# {{bibliography}}

# %% [markdown] lang="en"
# # Bibliography
#
# The papers and articles that this book cites. The text cites them by author and year, and a citation links to this
# list. Where there is a copy that is free to read, its address is given. Numbers taken from a paper are recomputed in
# a cell where that can be done.
#
# {{bibliography}}
