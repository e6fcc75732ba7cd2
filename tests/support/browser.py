"""Chromium without a window, driven over a pair of pipes by its DevTools protocol: one page at a
time, with all that it asked of the network and wrote to its console."""

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAM = os.environ.get("CHROMIUM", "chromium")


class Chromium:
    def __init__(self):
        self._profile = tempfile.mkdtemp(prefix="gladhand-browser-")
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        # The browser reads its descriptor 3 and writes its descriptor 4; "<&12" is beyond dash.
        words = ["sh", "-c", f'exec "$@" 3</dev/fd/{to_browser} 4>/dev/fd/{from_browser}', "sh", PROGRAM,
                 "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                 "--no-first-run", "--disable-background-networking", "--disable-component-update",
                 "--disable-sync", "--remote-debugging-pipe", f"--user-data-dir={self._profile}", "about:blank"]
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": self._profile, "LC_ALL": "C.UTF-8"}
        self._process = subprocess.Popen(words, pass_fds=(to_browser, from_browser), env=environment,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self._numbers = itertools.count(1)
        self._rest = b""
        self._session = None
        self.events = []
        try:
            self._attach()
        except BaseException:
            self.close()
            raise

    def _attach(self):
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(it for it in targets if it["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for descriptor in (self._out, self._in):
            os.close(descriptor)
        try:
            self._process.wait(5)  # it ends with its pipe
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    # --- the protocol ------------------------------------------------------------------------

    def call(self, method, timeout=30, **parameters):
        """The result of a command; raises what the browser says is wrong with it."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        text = json.dumps(message).encode() + b"\0"
        while text:
            text = text[os.write(self._out, text):]
        deadline = time.monotonic() + timeout
        while True:
            answer = self._read(deadline)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method, timeout=30):
        """The next event of that kind, or one that has come already."""
        deadline = time.monotonic() + timeout
        while not any(it.get("method") == method for it in self.events):
            self.events.append(self._read(deadline))

    def _read(self, deadline):
        while b"\0" not in self._rest:
            if not select.select([self._in], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            piece = os.read(self._in, 1 << 16)
            if not piece:
                raise EOFError("the browser has ended")
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    # --- one page ----------------------------------------------------------------------------

    def open(self, path, width=1200, height=900, dark=False, timeout=30):
        """Loads a file as a window of that size and taste shows it; forgets what was before."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.events.clear()
        self.call("Page.navigate", url="file://" + os.path.abspath(path), timeout=timeout)
        self.wait_for("Page.loadEventFired", timeout)

    def run(self, expression, timeout=30):
        """The value of a JavaScript expression; that of a promise once it is there."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True,
                           timeout=timeout)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def key(self, name, code):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code,
                      text="\r" if name == "Enter" and kind == "keyDown" else "")

    def complaints(self):
        """What went to the console or the log, and exceptions."""
        self.run("0")
        wrong = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return [it["params"] for it in self.events if it.get("method") in wrong]

    def requests(self):
        """The addresses that were asked for, other than files of data."""
        self.run("0")
        return [it["params"]["request"]["url"] for it in self.events
                if it.get("method") == "Network.requestWillBeSent"]

    def picture(self, path, selector=None, height=None):
        """A PNG of the whole page, of its first `height` pixels, or of one element."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(height or size["height"], size["height"])}
        if selector:
            clip = self.run("(() => { const r = document.querySelector(%s).getBoundingClientRect();"
                            "return {x: r.x + scrollX, y: r.y + scrollY, width: r.width, height: r.height}; })()"
                            % json.dumps(selector))
        data = self.call("Page.captureScreenshot", clip={**clip, "scale": 1}, captureBeyondViewport=True)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
