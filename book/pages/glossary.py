# %% [markdown] lang="ko"
# # 용어
#
# 이 책이 쓰는 말과 그 뜻입니다. 표제어 아래에 영어로 쓰는 말을 적고, 그 아래에 뜻을 적었습니다. 한 가지를 가리키는
# 말은 이 책 어디에서나 하나입니다. 각 장에서 용어가 처음 나오는 곳은 이 쪽으로 이어집니다.
#
# {{glossary}}

# %% [markdown] lang="en"
# # Glossary
#
# The words that this book uses, and what they mean. Below each headword stands the Korean word, and below that the
# meaning. One thing has one name everywhere in the book. Where a chapter first uses a term, it links to this page.
#
# {{glossary}}
