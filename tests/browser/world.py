"""What the browser tests are made of: the real program with a pipeline, and Chromium. All on loopback; everything ends with its test."""
import contextlib
import http.server
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

root = pathlib.Path(__file__).resolve().parent.parent.parent
program = root / "build/release/troupe"


def eventually(so, what, longest=30):
    """Waits until so() is true and returns that; the test fails when it never is."""
    deadline = time.monotonic() + longest
    last = None
    while time.monotonic() < deadline:
        try:
            if got := so():
                return got
        except (OSError, StaleElementReferenceException) as e:
            last = e
        time.sleep(0.05)
    raise AssertionError(f"never: {what}" + (f" ({last})" if last else ""))


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def kind_of(path):
    path = path.split("?")[0]
    if path.startswith("/assets/"):
        return {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}.get(path.rsplit(".", 1)[-1], "text/plain")
    if path.startswith("/api/"):
        return "application/json"
    return "text/html" if path == "/" or path.startswith("/explore") else "text/plain; version=0.0.4"


class Server:
    """Answers each request as `answer(method, path)` says: (status, text)."""

    def __init__(self, answer):
        outer, self.closed = self, False

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if outer.closed:  # connections that are kept end with the server
                    self.close_connection = True
                    return
                status, text = answer(self.command, self.path)
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind_of(self.path))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if status != 204:
                    self.wfile.write(body)

            do_GET = do_POST = reply

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.closed = True
        self.server.shutdown()
        self.server.server_close()


def between(collector, instead):
    """A server that passes everything on to a collector but the paths for which instead(path) has a text."""
    def answer(method, path):
        text = instead(path)
        if text is not None:
            return 200, text
        try:
            with urllib.request.urlopen(urllib.request.Request(collector.origin + path, method=method, headers={"Accept": "text/html"}),
                                        timeout=10) as got:
                return got.status, got.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()
    return Server(answer)


class Collector:
    """`troupe run` with a configuration in a directory of its own, always at the same address."""

    def __init__(self, configuration, flags=()):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="troupe-browser-"))
        self.flags = list(flags)
        self.origin = f"http://127.0.0.1:{free_port()}"
        self.process = None
        self.configure(configuration)
        self.start()

    def configure(self, text):
        (self.directory / "c.alloy").write_text(text)

    def start(self):
        self.log = open(self.directory / "log", "ab")
        self.process = subprocess.Popen(
            [program, "run", "c.alloy", f"--server.http.listen-addr={self.origin[7:]}", "--storage.path=data", *self.flags],
            cwd=self.directory, stdout=self.log, stderr=self.log)
        eventually(lambda: self.get("/-/ready"), "the collector is ready")

    def get(self, path):
        with urllib.request.urlopen(self.origin + path, timeout=10) as answer:
            return answer.read().decode()

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


class Browser:
    """Chromium without a window. `width` in pixels; `dark`: what the person prefers."""

    def __init__(self, width=1280, height=900, dark=False):
        options = webdriver.ChromeOptions()
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     "--hide-scrollbars", f"--window-size={width},{height}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        self.driver.set_page_load_timeout(30)
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                    {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def open(self, url):
        self.driver.get(url)

    def text(self, selector="body"):
        return "\n".join(one.text for one in self.all(selector))

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def sees(self, words, selector="main", longest=30):
        """Waits until these words are shown."""
        return eventually(lambda: words in self.text(selector), f"{words!r} in {selector}; there is:\n{self.text(selector)[:1500]}",
                          longest)

    def find(self, selector, words=""):
        """The first visible element that has these words."""
        def look():
            return next((one for one in self.all(selector) if one.is_displayed() and words in (one.text or one.accessible_name)), None)
        return eventually(look, f"an element {selector} with {words!r}")

    def click(self, selector, words=""):
        def press():
            try:
                self.find(selector, words).click()
                return True
            except WebDriverException as e:
                if "click intercepted" in str(e) or "stale" in str(e):
                    return False
                raise
        eventually(press, f"{selector} {words!r} can be clicked")

    def type(self, selector, text):
        field = self.find(selector)
        field.clear()
        field.send_keys(text)

    def keys(self, text):
        webdriver.ActionChains(self.driver).send_keys(text).perform()

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    @property
    def address(self):
        return self.driver.current_url

    def complaints(self):
        """What the browser has to complain of: exceptions, violations of the policy. A collector that is away is none."""
        return [one["message"] for one in self.driver.get_log("browser")
                if one["level"] == "SEVERE" and "Failed to load resource" not in one["message"]]

    def requests(self):
        """Addresses that were asked for since the last call."""
        import json
        seen = []
        for one in self.driver.get_log("performance"):
            message = json.loads(one["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                seen.append(message["params"]["request"]["url"])
        return seen

    def close(self):
        with contextlib.suppress(WebDriverException):
            self.driver.quit()
