"""The page of result files as a whole: what it holds, what becomes of bad files, how it looks in a browser."""

import base64
import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import tempfile

import numpy as np
import pytest
from PIL import Image

from katagrad.bench.page.page import render, write
from katagrad.bench.page.series import Series
from tests.browser import chromium

OTHER = {"cpu": "Intel Xeon", "cores": 16, "architecture": "x86_64"}


# --- the page as a whole ---


def test_every_topic_is_on_it_and_nothing_is_fetched(result, tmp_path):
    files = [result("t.json"), result("f.json", framework="tensorflow", machine=OTHER)]
    out = tmp_path / "page.html"
    figures, problems = write(files, out)
    page = out.read_text(encoding="utf-8")
    assert (figures, problems) == (14, [])
    for topic in ("softmax", "linear_regression", "conv2d", "attention", "of_another_version"):
        assert f'id="topic-{topic}"' in page
    links = re.findall(r"""(?:src|href|action|data)\s*=\s*["']?([^"'\s>]*)""", page)
    assert len(links) > 40
    assert all(link.startswith(("#", "data:,")) for link in links)
    assert "@import" not in page
    assert "url(" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<script") == 2  # the JSON, and what sorts and filters
    script = page.rpartition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{digest}'; style-src" in page
    assert "<input" not in page  # what does nothing without a script is made by it


def test_names_of_others_are_text_and_never_markup(result, gathered):
    page = render(gathered(result("a.json", framework="</script><script>alert(1)")))
    assert "<b>bold</b>" not in page
    assert "&lt;b&gt;bold" in page
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert page.count("</script>") == 2


def test_the_figures_stand_in_it_as_json(result, gathered):
    page = render(gathered(result("a.json")))
    (text,) = re.findall(r'<script type="application/json" id="figures">(.*?)</script>', page)
    data = json.loads(text)
    assert len(data) == 7
    (softmax,) = [one for one in data if one["topic"] == "softmax"]
    assert softmax["median_seconds"] == 1e-4
    assert softmax["items_per_second"] == 2_560_000


def test_the_same_files_make_the_same_page(result, gathered):
    files = [result("a.json"), result("b.json", commit="bbb", when="2026-11-21")]
    assert render(gathered(*files)) == render(gathered(*reversed(files)))


def test_a_mark_says_which_framework_it_is_without_colour(result, gathered):
    page = render(gathered(result("t.json"), result("f.json", framework="tensorflow")))
    assert '<circle id="torch"' in page
    assert '<rect id="tensorflow"' in page
    for framework in ("torch", "tensorflow", "jax"):
        assert Series(None, framework).mark in ("torch", "tensorflow", "other")


# --- in a browser ---

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
]  # fmt: skip
LIGHT, DARK = "--blink-settings=preferredColorScheme=1", "--blink-settings=preferredColorScheme=0"

# Put into a copy of the page, which would allow no script but its own.
PROBE = """
<script>
const box = element => element.getBoundingClientRect();
const inBox = element => element.closest('.box');
const numbers = text => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
  .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
function ground(element) {
  for (let one = element; one; one = one.parentElement) {
    const found = numbers(getComputedStyle(one).backgroundColor);
    if (found.length === 3 || found[3] > 0) return found;
  }
  return [255, 255, 255];
}
const shown = element => element.getClientRects().length > 0;
const faint = [], wide = [], covered = [];
for (const element of document.body.querySelectorAll('*')) {
  if (!shown(element) || element.closest('script')) continue;
  const {left, right} = box(element);
  if (!inBox(element) && (left < -0.5 || right > innerWidth + 0.5)) wide.push(element.outerHTML.slice(0, 120));
  const words = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  if (!words || element.tagName === 'title') continue;
  const style = getComputedStyle(element);
  const [a, b] = [numbers(element.closest('svg') ? style.fill : style.color), ground(element)].map(light);
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < 4.5) faint.push(contrast.toFixed(2) + ' ' + element.outerHTML.slice(0, 120));
}
for (const plot of document.querySelectorAll('.roofline, .axis')) {
  const labels = [...plot.querySelectorAll('text')].filter(shown);
  labels.forEach((one, i) => labels.slice(i + 1).forEach(other => {
    const [a, b] = [box(one), box(other)];
    if (a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom)
      covered.push(one.textContent + ' / ' + other.textContent);
  }));
}
const spilled = [...document.querySelectorAll('td, th')].filter(shown)
  .filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.outerHTML.slice(0, 120));
const result = parent.document.createElement('pre');
result.id = 'probe';
result.textContent = JSON.stringify({
  dark: matchMedia('(prefers-color-scheme: dark)').matches, width: innerWidth,
  page: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight,
  faint, wide, covered, spilled, fetched: performance.getEntriesByType('resource').map(one => one.name),
  boxes: [...document.querySelectorAll('.box')].filter(shown).map(one => [box(one).width, one.scrollWidth]),
  sections: [...document.querySelectorAll('section')].map(one => box(one).height),
});
parent.document.body.append(result);
</script>
"""


def browse(tmp_path, *flags, page):
    """What Chromium prints with these flags."""
    command = [
        chromium.PROGRAM,
        *FLAGS,
        f"--user-data-dir={tmp_path / 'profile'}",
        *flags,
        page.as_uri(),
    ]
    # Chromium makes a socket in the temporary folder, and a socket's address takes 107 bytes.
    short = {**os.environ, "TMPDIR": "/tmp"} if len(tempfile.gettempdir()) > 50 else None
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, env=short)
    shutil.rmtree(tmp_path / "profile", ignore_errors=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


def probe(tmp_path, width, scheme, page):
    """What the page measures of itself in a frame of this width: a window of Chromium's is never below 500."""
    copy = tmp_path / "probed.html"
    text = re.sub(r'<meta http-equiv="Content-Security-Policy".*', "", page.read_text("utf-8"))
    inner = html.escape(text.replace("</body>", PROBE + "</body>"))
    frame = f'<iframe style="width: {width}px; height: 900px; border: 0" srcdoc="{inner}"></iframe>'
    copy.write_text(f'<html style="color-scheme: light dark"><body>{frame}</body></html>', "utf-8")
    dumped = browse(tmp_path, "--window-size=1400,1000", scheme, "--dump-dom", page=copy)
    (found,) = re.findall(r'<pre id="probe">(.*?)</pre>', dumped, flags=re.DOTALL)
    return json.loads(html.unescape(found))


@pytest.fixture
def page(result, tmp_path):
    """A page with everything on it: two machines, two frameworks, a history, pairs, what was not run."""
    pair = {"against": "torch's own softmax", "ratio": 2.5, "low": 2.0, "high": 3.0}
    xeon = {**OTHER, "cpu": "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz"}
    files = [
        result("1.json", slower=1.3, commit="aaa", when="2026-11-01", unit="parameters"),
        result("2.json", commit="bbb", unit="parameters", call_memory=4_000_000),
        result("3.json", framework="tensorflow", slower=3),
        result("4.json", machine=xeon, slower=0.6, threads=16),
        result("5.json", framework="tensorflow", machine=xeon, slower=0.4, threads=16),
        result("6.json", cases=[("softmax", "bench_softmax[own-small]", None, None)], pair=pair),
        tmp_path / "absent.json",
    ]
    out = tmp_path / "page.html"
    write(files, out)
    return out


@chromium.needed
@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1000])
def test_it_fits_and_can_be_read(page, tmp_path, width, scheme):
    found = probe(tmp_path, width, scheme, page)
    assert found["dark"] == (scheme == DARK)
    assert found["width"] == width
    assert found["page"] == width, found["wide"]
    assert found["wide"] == []
    assert found["faint"] == []
    assert found["covered"] == []
    assert found["spilled"] == []
    assert found["fetched"] == []
    assert len(found["sections"]) == 10
    assert min(found["sections"]) > 100
    if width == 360:  # the throughput of four columns scrolls, in its own box
        assert found["boxes"][0][1] > found["boxes"][0][0]


@chromium.needed
@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [("phone", 360, LIGHT), ("desktop", 1280, LIGHT), ("dark", 1280, DARK)],
)
def test_it_is_painted(page, tmp_path, name, width, scheme):
    shot = tmp_path / f"{name}.png"
    browse(tmp_path, f"--window-size={width},3000", scheme, f"--screenshot={shot}", page=page)
    with Image.open(shot) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    assert pixels.shape == (3000, width, 3)
    ground = pixels[2, 2]
    assert (ground.max() < 40) if scheme == DARK else (ground.min() > 240)
    # Letters, tables and plots all the way down, in the colours of both frameworks and of the shares.
    drawn = (np.abs(pixels - ground).max(axis=2) > 60).any(axis=1)
    assert drawn.reshape(-1, 300).any(axis=1).all()
    red, green, blue = (pixels[..., channel] for channel in range(3))
    for seen in (red - blue > 90, blue - red > 90, (green - red > 25) & (green - blue > 10)):
        assert seen.sum() > 100


USED = """
<script>
addEventListener('load', () => {
  const shown = () => [...document.querySelectorAll('.heat tbody:not([hidden]) tr:not([hidden]):not(.topic)')];
  const names = () => shown().map(row => row.cells[0].innerText);
  const press = () => document.querySelectorAll('.heat thead .sort')[1].click();
  const found = {all: shown().length, orders: []};
  const field = document.querySelector('.sift input');
  const say = words => { field.value = words; field.dispatchEvent(new Event('input')); };
  for (let i = 0; i < 4; i++) { found.orders.push(names()); press(); }
  say('Softmax small');
  found.filtered = names();
  found.count = document.querySelector('.sift output').textContent;
  say('');
  found.again = shown().length;
  const column = (table, place, words) => {
    const only = table.tHead.rows[0].cells[place].querySelector('.only');
    only.value = words; only.dispatchEvent(new Event('input'));
    const left = [...table.querySelectorAll('tbody tr:not([hidden]):not(.topic)')];
    const texts = left.filter(row => row.getClientRects().length).map(row => row.cells[place].innerText);
    only.value = ''; only.dispatchEvent(new Event('input'));
    return texts;
  };
  const heat = document.querySelector('.heat');
  const first = document.querySelector('[aria-labelledby=first] table');
  found.columns = {
    all: column(heat, 1, ''), rates: column(heat, 1, '> 1 M'), shares: column(heat, 1, '< 30 %'),
    words: column(heat, 0, 'Small'), none: column(heat, 1, '> 9 T'), times: column(first, 1, '>= 2000 us'),
    calls: column(first, 1, ''), box: heat.closest('.box').hidden,
  };
  const result = document.createElement('pre');
  result.id = 'used';
  result.textContent = JSON.stringify(found);
  document.body.append(result);
});
</script>
"""


@chromium.needed
def test_tables_are_sorted_and_filtered(page, tmp_path):
    # The page's own script runs under its policy.
    assert 'class="sift"' in browse(tmp_path, "--dump-dom", page=page)
    copy = tmp_path / "used.html"
    text = re.sub(r'<meta http-equiv="Content-Security-Policy".*', "", page.read_text("utf-8"))
    copy.write_text(text.replace("</body>", USED + "</body>"), "utf-8")
    (found,) = re.findall(r'<pre id="used">(.*?)</pre>', browse(tmp_path, "--dump-dom", page=copy))
    found = json.loads(html.unescape(found))
    first, falling, rising, last = found["orders"]
    assert sorted(first) == sorted(falling) == sorted(rising)
    assert last == first
    assert falling != first
    assert falling != rising
    assert 0 < len(found["filtered"]) < found["all"] == found["again"]
    assert all("small" in name for name in found["filtered"])
    assert re.fullmatch(r"\d+ of \d+ rows", found["count"])
    columns = found["columns"]
    assert [text.split("\u202fM")[0] for text in columns["rates"]] == ["2.56", "1.28"]
    assert len(columns["shares"]) == 4
    assert all("small" in text for text in columns["words"])
    assert len(columns["words"]) == 7
    assert columns["none"] == []
    assert columns["box"] is False  # the field that leaves no row can be seen
    assert columns["times"] == columns["calls"]
    assert len(columns["times"]) == 7


@chromium.needed
def test_it_prints(page, tmp_path):
    out = tmp_path / "page.pdf"
    browse(tmp_path, f"--print-to-pdf={out}", "--no-pdf-header-footer", page=page)
    pages = len(re.findall(rb"/Type\s*/Page\b", out.read_bytes()))
    assert 3 <= pages <= 20
