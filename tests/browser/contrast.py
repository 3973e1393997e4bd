"""The contrast of texts with their background, as WCAG 2.2 computes it."""

_FAINT = """() => {
  const pixel = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  // The colours are painted over each other, so that the browser converts and mixes.
  const painted = (colours) => {
    pixel.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      pixel.fillStyle = colour;
      pixel.fillRect(0, 0, 1, 1);
    }
    return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const colours = [];
    for (let each = element; each; each = each.parentElement) {
      colours.unshift(getComputedStyle(each).backgroundColor);
    }
    return ["white", ...colours];
  };
  const contrast = (element) => {
    const back = behind(element);
    const tones = [[...back, getComputedStyle(element).color], back]
      .map(painted).map(luminance).sort((a, b) => b - a);
    return (tones[0] + 0.05) / (tones[1] + 0.05);
  };
  // WCAG 2.2, 1.4.3: 24 pixels, or 18.66 in bold, are large.
  const needed = (element) => {
    const {fontSize, fontWeight} = getComputedStyle(element);
    return parseFloat(fontSize) >= (fontWeight >= 700 ? 18.66 : 24) ? 3 : 4.5;
  };
  const isOwn = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim();
  return [...document.body.querySelectorAll("*")]
    .filter((element) => [...element.childNodes].some(isOwn))
    .filter((element) => element.checkVisibility() && !element.matches("script, style"))
    .filter((element) => contrast(element) < needed(element))
    .map((element) => `${element.textContent.trim()}: ${contrast(element).toFixed(2)}`);
}"""


def faint_texts(page):
    """Return the visible texts of a page with too little contrast, and their ratio."""
    return page.evaluate(_FAINT)
