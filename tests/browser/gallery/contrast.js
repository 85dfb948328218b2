// Texts with a contrast to what is behind them of less than 4.5, as WCAG 2 defines it.
() => {
    const part = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92
        : ((value / 255 + 0.055) / 1.055) ** 2.4);
    const read = (text) => text.match(/[\d.]+/g).map(Number);
    const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = read(getComputedStyle(at).backgroundColor);
            if (color.length === 3 || color[3] === 1) return color;
        }
        return [255, 255, 255];
    };
    const poor = [];
    for (const element of document.querySelectorAll('body *')) {
        const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
        if (!own || !element.checkVisibility() || element.matches(':disabled, option')) continue;
        const pair = [light(read(getComputedStyle(element).color)), light(behind(element))];
        const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
        if (ratio < 4.5) poor.push(`${element.className} ${element.textContent} ${ratio}`);
    }
    return poor;
}
