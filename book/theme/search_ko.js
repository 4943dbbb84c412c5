const koreanEndings = {{rules}};

const koreanEnding = (word) => {
  const longest = (found, end) => (end.length > found.length ? end : found);
  const clear = koreanEndings.clear.filter((end) => word.endsWith(end) && word.length - end.length >= 1);
  const doubtful = koreanEndings.doubtful.filter((end) => word.endsWith(end)
    && (word.length - end.length >= 2 || koreanEndings.short.includes(word.slice(0, -end.length))));
  return [...clear, ...doubtful].reduce(longest, "");
};

const koreanStem = (original) => {
  let word = original.toLowerCase();
  if (!/^[가-힣]/.test(word)) {
    return word.length > 3 && word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word;
  }
  for (let end = koreanEnding(word); end; end = koreanEnding(word)) word = word.slice(0, -end.length);
  return word;
};

var splitQuery = (query) =>
  (query.normalize("NFC").match(/[가-힣]+|[0-9A-Za-z_\u00c0-\u024f\u0370-\u03ff]+/g) || []).map(koreanStem);
