"""The page of gladhand-bench --report in a real browser, at phone and desktop width, light and dark.

Not among Meson's tests: it needs Chromium. .ci/run runs it, and fails where there is none.
"""

import contextlib
import copy
import json
import os
import pathlib
import tempfile
import time
import unittest

import common
from bench_case import run
from support.browser import Chromium

EXAMPLE = pathlib.Path(__file__).parents[1] / "unit" / "figures" / "example.json"
PHONE, DESKTOP = 360, 1200
HOSTILE = "</script><img src=x onerror=\"document.title='broken out'\">"
FLEET = 10_000
FLEET_SECONDS = 5.0  # to draw a fleet's page; 0.2 to 0.4 s on two busy cores
REACTION_SECONDS = 2.0  # to sort it

# Every text's colour on the colour behind it, as [ratio, large, text]; WCAG 2.1, 1.4.3.
CONTRASTS = """
(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const part = (value) => { const c = value / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const ratio = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05); };
  const behind = (element) => {
    for (let it = element; it; it = it.parentElement) {
      const colour = parse(getComputedStyle(it).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest('script, style, title, noscript')) continue;
    const style = getComputedStyle(element);
    const drawn = element instanceof SVGElement ? style.fill : style.color;
    found.push([ratio(parse(drawn), behind(element)), 'text', walker.currentNode.data]);
  }
  for (const element of document.querySelectorAll('path.line, path.dots, path.crosses, .bar')) {
    const style = getComputedStyle(element);
    const drawn = style.stroke === 'none' ? style.fill : style.stroke;
    found.push([ratio(parse(drawn), behind(element)), 'graphic', element.getAttribute('class')]);
  }
  return found;
})()
"""
COLUMN = """[...document.querySelectorAll('tbody tr')].map((row) => row.children[%d].textContent)"""
BEST = "[...document.querySelectorAll('tbody tr')].map((row) => [...row.children].at(-3).textContent)"
SORT = """[...document.querySelectorAll('thead button')].find((it) => it.textContent === '%s').click()"""
DIRECTIONS = """[...document.querySelectorAll('thead th')].map((it) => it.getAttribute('aria-sort'))"""


def milliseconds(text):
    if not text[0].isdigit():
        return None
    number, unit = text.split("\u00a0")
    return float(number) * {"\u00b5s": 0.001, "ms": 1, "s": 1000}[unit]


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cls.browser = stack.enter_context(Chromium())
        cls.example = json.loads(EXAMPLE.read_text(encoding="ascii"))

    def page(self, *reports):
        """The page of these reports, merged."""
        files = []
        for i, report in enumerate(reports):
            path = self.folder / f"report{i}.json"
            path.write_text(json.dumps(report), encoding="ascii")
            files.append(path)
        page = self.folder / "page.html"
        result = run("--merge", "--report", page, *files, timeout=120)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result)
        return page

    def series(self, node, **changes):
        report = copy.deepcopy(self.example)
        report["environment"].update(node=node, **changes)
        return report

    def value(self, expression):
        return self.browser.run(expression)

    def open(self, page, **how):
        self.browser.open(page, **how)
        self.assertEqual(self.value("document.documentElement.dataset.drawn"), "yes", self.browser.complaints())


class Drawing(PageTest):
    def test_no_complaint_no_request_no_sideways_scroll(self):
        for reports in ([self.series("vm")], [self.series("here"), self.series("there")]):
            page = self.page(*reports)
            for width in (PHONE, 768, DESKTOP):
                for dark in (False, True):
                    with self.subTest(files=len(reports), width=width, dark=dark):
                        self.open(page, width=width, dark=dark)
                        self.assertEqual(self.browser.complaints(), [])
                        self.assertEqual([it for it in self.browser.requests() if not it.startswith("data:")],
                                         [page.as_uri()])
                        self.assertLessEqual(self.value("document.documentElement.scrollWidth"), width)

    def test_on_paper_nothing_is_folded_dark_or_too_wide(self):
        self.open(self.page(self.series("here"), self.series("there")), dark=True)
        folded = "document.querySelectorAll('details:not([open])').length"
        self.assertGreater(self.value(folded), 0)
        self.browser.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)
        self.assertEqual(self.value(folded), 0)
        self.assertGreater(self.value("document.querySelectorAll('.sentences tr').length"), 5)
        self.browser.call("Emulation.setEmulatedMedia", media="print",
                          features=[{"name": "prefers-color-scheme", "value": "dark"}])
        self.browser.call("Emulation.setDeviceMetricsOverride", width=720, height=1000, deviceScaleFactor=1, mobile=False)
        try:
            self.assertEqual(self.value("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
            self.assertEqual([it for it in self.value(CONTRASTS) if it[0] < 3], [])
            self.assertLessEqual(self.value("document.documentElement.scrollWidth"), 720)
        finally:
            self.browser.call("Emulation.setEmulatedMedia", media="")

    def test_a_telephone_breaks_no_label_in_a_word(self):
        self.open(self.page(self.series("vm")), width=PHONE)
        heights = "[...document.querySelectorAll('.legend li > span')].map((it) => it.getBoundingClientRect().height)"
        self.assertLess(max(self.value(heights)), 30)

    def test_the_keyboard_reaches_everything_and_is_seen_there(self):
        self.open(self.page(self.series("vm")))
        reached, outlines = set(), set()
        for _ in range(60):
            self.browser.key("Tab", 9)
            name, outline = self.value("(() => { const it = document.activeElement; const style = getComputedStyle(it);"
                                       "return [it.tagName + ' ' + it.textContent.slice(0, 40), it === document.body ? '-'"
                                       " : style.outlineStyle + ' ' + style.outlineWidth]; })()")
            reached.add(name)
            outlines.add(outline)
        for wanted in ("SUMMARY All 12 sentences, by host", "BUTTON Median", "BUTTON web.example:33751", "SUMMARY race"):
            self.assertIn(wanted, reached)
        self.assertFalse([it for it in outlines if it.startswith("none") or it.endswith(" 0px")], outlines)

    def test_every_part_is_there(self):
        self.open(self.page(self.series("vm")))
        self.value("[...document.querySelectorAll('tbody th button')][1].click()")
        text = self.value("document.body.innerText")
        for part in ("IPv4 wins 8 of 8 races", "db.example:44573", "Share of the dials", "by the time of the day",
                     "The median and the worst dial", "given up", "Where and how it was measured", "Linux 6.18"):
            self.assertIn(part, text)
        modes = len(self.example["hosts"][1]["modes"])  # of which one never connected
        self.assertEqual(self.value("document.querySelectorAll('.strip').length"), modes)
        self.assertEqual(self.value("document.querySelectorAll('.strip path.crosses').length"), 1)
        self.assertEqual(self.value("document.querySelectorAll('details[open]').length"), modes)
        self.assertEqual(self.value("document.querySelectorAll('.legend li').length"), modes - 1)

    def test_each_row_names_the_family_that_is_better(self):
        self.open(self.page(self.series("vm")))
        expected = [mode["summary"].get("best_family", "\u2013")
                    for host in self.example["hosts"] for mode in host["modes"]]
        self.assertEqual(self.value(BEST), expected)

    def test_figures_are_those_of_the_report(self):
        self.open(self.page(self.series("vm")))
        self.value(SORT % "Median")
        shown = [milliseconds(text) for text in self.value(COLUMN % 2)]
        told = [mode["summary"].get("median_us") for host in self.example["hosts"] for mode in host["modes"]]
        for figure, microseconds in zip(shown, sorted((it for it in told if it), reverse=True)):
            self.assertAlmostEqual(figure, microseconds / 1000, delta=0.006 * figure)

    def test_lines_differ_without_colour(self):
        self.open(self.page(self.series("here"), self.series("there")))
        dashes = self.value("[...document.querySelectorAll('.legend path.line')]"
                            ".map((it) => it.getAttribute('stroke-dasharray'))")
        letters = self.value("[...document.querySelectorAll('.legend .letter')].map((it) => it.textContent)")
        self.assertEqual(len(set(dashes)), len(dashes))
        self.assertEqual(len(set(letters)), len(letters))
        self.assertGreater(len(letters), 4)

    def test_the_axis_of_a_wide_spread_is_logarithmic(self):
        self.open(self.page(self.series("vm")))
        self.value("[...document.querySelectorAll('tbody th button')][1].click()")
        self.assertEqual(self.value("document.querySelector('#host').textContent"), "web.example:33751")
        ticks = self.value("[...document.querySelectorAll('svg[aria-label^=Share] text[text-anchor=middle]')]"
                           ".filter((it) => !it.classList.contains('letter'))"
                           ".map((it) => [+it.getAttribute('x'), it.textContent])")
        places = {milliseconds(text): x for x, text in ticks}
        self.assertAlmostEqual(places[100] - places[10], places[1000] - places[100], delta=1)

    def test_text_and_lines_stand_out(self):
        page = self.page(self.series("here"), self.series("there"))
        for dark in (False, True):
            self.open(page, dark=dark)
            self.assertEqual(self.value("matchMedia('(prefers-color-scheme: dark)').matches"), dark)
            found = self.value(CONTRASTS)
            self.assertEqual({kind for _, kind, _ in found}, {"text", "graphic"})
            least = {"text": 4.5, "graphic": 3}
            self.assertEqual([it for it in found if it[0] < least[it[1]]], [], f"dark: {dark}")
        background = self.value("getComputedStyle(document.body).backgroundColor")
        self.assertLess(max(map(int, background[4:-1].split(", "))), 64)


class Sorting(PageTest):
    def test_a_click_sorts_and_a_second_one_turns(self):
        self.open(self.page(self.series("vm")))
        for direction, turned in (("descending", True), ("ascending", False)):
            self.value(SORT % "Median")
            shown = [milliseconds(text) for text in self.value(COLUMN % 2)]
            known = [it for it in shown if it is not None]
            self.assertEqual(known, sorted(known, reverse=turned))
            self.assertGreater(len(set(known)), 3)
            self.assertEqual(shown[:len(known)], known, "what has no value comes last")
            self.assertEqual([it for it in self.value(DIRECTIONS) if it], [direction])

    def test_the_keyboard_sorts_too(self):
        self.open(self.page(self.series("vm")))
        self.value("document.querySelector('thead button').focus()")
        before = self.value(COLUMN % 1)
        self.browser.key("Tab", 9)
        self.assertEqual(self.value("document.activeElement.textContent"), "Mode")
        self.browser.key("Enter", 13)
        after = self.value(COLUMN % 1)
        self.assertEqual(after, sorted(before))
        self.assertNotEqual(after, before)

    def test_the_difference_between_vantage_points_is_a_column(self):
        slow = self.series("there")
        for sample in slow["hosts"][0]["modes"][0]["samples"]:
            sample["total_us"] += 12_000
        self.open(self.page(self.series("here"), slow))
        self.value(SORT % "Against here")
        self.assertRegex(self.value(COLUMN % 4)[0], r"^\+12\.0\u00a0ms \([\d.]+ to [\d.]+\u00a0ms\)$")


class Hostility(PageTest):
    def test_what_a_report_says_is_never_markup(self):
        report = self.series(HOSTILE, command=HOSTILE, kernel=HOSTILE)
        report["hosts"][0]["host"] = HOSTILE
        report["hosts"][0]["modes"][0]["mode"] = HOSTILE
        report["hosts"][0]["modes"][0]["samples"][0].update(outcome="failed", error=HOSTILE)
        other = self.series("<!--\u2028")
        del report["hosts"][1:], other["hosts"][1:]
        self.open(self.page(report, other), width=PHONE)
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.value("document.images.length"), 0)
        self.assertEqual(self.value("document.scripts.length"), 2)
        self.assertTrue(self.value("document.title").startswith("Connecting to </script>"), self.value("document.title"))
        self.assertIn(HOSTILE, self.value("document.body.textContent"))
        self.assertLessEqual(self.value("document.documentElement.scrollWidth"), PHONE)

    def test_no_script_but_its_own_runs(self):
        page = self.page(self.series("vm"))
        broken = self.folder / "broken.html"
        text = page.read_text(encoding="ascii")
        broken.write_text(text.replace("<main ", "<script>document.title = 'broken out'</script>"
                                       "<img src='file:///x.png' onerror=\"document.title = 'broken out'\"><main ", 1),
                          encoding="ascii")
        self.open(broken)
        self.assertNotEqual(self.value("document.title"), "broken out")
        refusals = [it["entry"]["text"] for it in self.browser.complaints() if "entry" in it]
        self.assertTrue(any("Content Security Policy" in it for it in refusals), refusals)


class Fleet(PageTest):
    def test_ten_thousand_hosts_are_drawn_sorted_and_found(self):
        report = self.series("vm")
        mode = report["hosts"][0]["modes"][0]
        report["hosts"] = []
        for number in range(FLEET):
            sample = {**mode["samples"][0], "total_us": 1000 + 7919 * number % 100_003}
            report["hosts"].append({"host": f"host-{number}.example", "port": "22",
                                    "modes": [{"mode": "race", "samples": [sample, mode["samples"][1]]}]})
        page = self.page(report)
        self.assertLess(page.stat().st_size, 10 << 20)
        begin = time.monotonic()
        self.open(page, width=PHONE)
        self.assertLess(time.monotonic() - begin, FLEET_SECONDS)
        rows = "document.querySelectorAll('tbody tr').length"
        self.assertEqual(self.value(rows), 100)
        begin = time.monotonic()
        self.value(SORT % "Max")
        self.assertLess(time.monotonic() - begin, REACTION_SECONDS)
        self.value("[...document.querySelectorAll('.tools button')][0].click()")
        self.value(f"new Promise((done) => {{ (function look() {{ {rows} === {FLEET} ? done(true)"
                   " : setTimeout(look, 20); })(); })")
        shown = [milliseconds(text) for text in self.value(COLUMN % 2)]
        self.assertEqual(shown, sorted(shown, reverse=True))
        self.value("(() => { const it = document.querySelector('input'); it.value = 'HOST-777.';"
                   "it.dispatchEvent(new Event('input')); })()")
        self.assertEqual(self.value(COLUMN % 0), ["host-777.example"])
        self.value("document.querySelector('tbody th button').click()")
        self.assertEqual(self.value("document.activeElement.textContent"), "host-777.example")
        self.assertEqual(self.browser.complaints(), [])


if __name__ == "__main__":
    common.main()
