"""The page in a real browser, over a pipeline that runs: what works, what is broken, and what comes from hostile targets."""
import signal
import time
import unittest

from world import Browser, Collector, Server, between, eventually

EVIL = '<img src=x onerror="document.title=1">'


def pipeline(page, backend, more=""):
    """The collector's own metrics, logs and traces into its store, a target, and a backend."""
    return f"""
prometheus.exporter.self "default" {{ }}

prometheus.scrape "default" {{
  targets         = prometheus.exporter.self.default.targets
  forward_to      = [prometheus.relabel.kept.receiver]
  scrape_interval = "1s"
  scrape_timeout  = "1s"
}}

prometheus.scrape "page" {{
  targets         = [{{"__address__" = "{page}", "host" = "a<b>c"}}]
  forward_to      = [prometheus.relabel.kept.receiver]
  scrape_interval = "1s"
  scrape_timeout  = "1s"
}}

prometheus.relabel "kept" {{
  forward_to = [store.local.default.receiver, prometheus.remote_write.default.receiver]
}}

prometheus.remote_write "default" {{
  endpoint {{
    url = "http://{backend}/write"

    basic_auth {{
      username = "me"
      password = "hunter2"
    }}

    queue_config {{
      batch_send_deadline = "200ms"
      max_backoff         = "500ms"
    }}
  }}
}}

logging {{
  write_to = [store.local.default.logs_receiver]
}}

tracing {{
  sampling_fraction = 1
  write_to          = [store.local.default.input]
}}

store.local "default" {{ }}
{more}"""


def metrics_page(count=[0]):
    count[0] += 1
    return (f"# HELP requests_total Requests.\n# TYPE requests_total counter\nrequests_total{{code=\"200\"}} {7 * count[0]}\n"
            f"requests_total{{code=\"500\"}} {count[0]}\n"
            "# HELP queue_bytes Waiting.\n# TYPE queue_bytes gauge\nqueue_bytes 4096\n"
            f'evil{{text="{EVIL.replace(chr(34), chr(92) + chr(34))}"}} 1\n'
            + "".join(f'wide{{n="{n}"}} {n}\n' for n in range(200)))


class Running(unittest.TestCase):
    """One collector and one browser for all of its tests; each begins at the address that it opens."""

    @classmethod
    def setUpClass(cls):
        cls.target = Server(lambda method, path: (200, metrics_page()))
        cls.addClassCleanup(cls.target.close)
        cls.backend_answer = (204, "")
        cls.backend = Server(lambda method, path: cls.backend_answer)
        cls.addClassCleanup(cls.backend.close)
        cls.collector = Collector(pipeline(cls.target.address, cls.backend.address), cls.flags())
        cls.addClassCleanup(cls.collector.close)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)
        cls.base = cls.collector.origin + cls.prefix()

    @staticmethod
    def flags():
        return []

    @staticmethod
    def prefix():
        return ""

    def open(self, path):
        self.browser.requests()
        self.browser.complaints()
        self.browser.open(f"{self.base}/{path}")

    def tearDown(self):
        self.assertEqual(self.browser.complaints(), [], "the browser complains")
        away = [one for one in self.browser.requests() if not one.startswith((self.collector.origin, "data:", "chrome"))]
        self.assertEqual(away, [], "nothing is asked for from elsewhere")


class Views(Running):
    def test_overview_shows_all_components_and_that_they_are_healthy(self):
        self.open("")
        self.browser.sees("prometheus.remote_write.default")
        self.browser.sees("Everything is healthy")
        eventually(lambda: self.browser.run(
            "return [...document.querySelectorAll('main table tbody tr')].some(r => /store\\.local\\.default/.test(r.textContent) && /[1-9][^ ]*\\/s/.test(r.textContent))"),
            "the store's row shows a rate")
        self.browser.type("main input[type=search]", "relabel")
        eventually(lambda: "prometheus.relabel.kept" in self.browser.text("main table") and
                   "store.local" not in self.browser.text("main table tbody"), "the search narrows the table")

    def test_graph_shows_components_and_the_ledger_of_an_edge(self):
        self.open("graph")
        eventually(lambda: len(self.browser.all("main svg .node")) >= 8, "nodes for all components")
        eventually(lambda: self.browser.run("return document.querySelector('main svg').textContent.includes('/s')"), "live rates")
        self.open("graph?select=prometheus.relabel.kept&to=store.local.default")
        self.browser.sees("Pushed")
        self.browser.sees("Settled")
        self.browser.click("main a", "Watch")
        eventually(lambda: "/debug/prometheus.relabel.kept" in self.browser.address, "the tap of that edge")
        self.browser.sees("sample: ts=")

    def test_component_shows_targets_arguments_and_its_place(self):
        self.open("component/prometheus.scrape.page")
        self.browser.sees(self.target.address)
        self.browser.sees("a<b>c")
        self.browser.sees("c.alloy")
        self.browser.sees("scrape_interval")
        self.assertIn("prometheus.relabel.kept", self.browser.text("main"))

    def test_component_hides_secrets(self):
        self.open("component/prometheus.remote_write.default")
        self.browser.sees("(secret)")
        self.assertNotIn("hunter2", self.browser.run("return document.documentElement.outerHTML"))

    def test_component_that_does_not_exist(self):
        self.open("component/prometheus.scrape.nothing")
        self.browser.sees("prometheus.scrape.nothing")
        self.browser.complaints()

    def test_tap_shows_what_goes_through(self):
        self.open("debug/prometheus.relabel.kept")
        self.browser.sees("sample: ts=")
        self.browser.sees("queue_bytes")

    def test_metrics_as_a_chart(self):
        self.open("explore/metrics?match=requests_total")
        eventually(lambda: self.browser.all("main canvas"), "a chart")
        self.browser.sees("code=\"200\"")

    def test_logs_as_a_stream(self):
        self.open("explore/logs")
        self.browser.sees("finished complete graph evaluation")

    def test_traces_as_a_list_and_a_waterfall(self):
        self.open("explore/traces?name=scrape")
        self.browser.sees("scrape")
        eventually(lambda: self.browser.all("main a[href*='explore/traces/']"), "a trace in the list")
        self.browser.all("main a[href*='explore/traces/']")[-1].click()  # the oldest: all of it is stored
        eventually(lambda: "/explore/traces/" in self.browser.address, "its own address")
        self.browser.sees("relabel")
        self.browser.sees("store")

    def test_configuration_shows_the_text_without_secrets(self):
        self.open("configuration")
        self.browser.sees("prometheus.exporter.self")
        self.browser.sees("(secret)")
        self.assertNotIn("hunter2", self.browser.run("return document.documentElement.outerHTML"))

    def test_html_in_labels_stays_text(self):
        for path in ("explore/metrics?match=evil", "component/prometheus.scrape.page", "debug/prometheus.scrape.page"):
            self.open(path)
            self.browser.sees("evil" if "component" not in path else "a<b>c")
            time.sleep(1.5)  # for whatever would be run
            self.assertEqual(self.browser.all("main img"), [])
            self.assertNotEqual(self.browser.driver.title, "1")

    def test_keys_and_history(self):
        self.open("")
        self.browser.sees("prometheus.remote_write.default")
        self.browser.run("document.activeElement.blur()")
        self.browser.keys("gl")
        eventually(lambda: self.browser.address.split("?")[0].endswith("/explore/logs"), "g l goes to the logs")
        self.browser.driver.back()
        eventually(lambda: self.browser.address.rstrip("/") == self.base, "back is the overview")
        self.browser.sees("prometheus.remote_write.default")
        self.browser.driver.forward()
        eventually(lambda: "/explore/logs" in self.browser.address, "forward")
        self.browser.keys("?")
        self.browser.sees("Keyboard", "dialog")

    def test_first_view_is_small(self):
        self.open("")
        self.browser.sees("prometheus.remote_write.default")
        size = self.browser.run("return performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
                                ".reduce((sum, one) => sum + one.transferSize, 0)")
        self.assertLess(size, 500_000)

    def test_narrow_window(self):
        narrow = Browser(width=400)
        self.addCleanup(narrow.close)
        for path in ("", "graph", "component/prometheus.scrape.page", "debug/prometheus.scrape.page", "explore/metrics",
                     "explore/logs", "explore/traces", "configuration"):
            narrow.open(f"{self.base}/{path}")
            eventually(lambda: len(narrow.text("main")) > 20, f"{path} shows something")
            time.sleep(0.5)
            self.assertLessEqual(narrow.run("return document.documentElement.scrollWidth"), 400, f"{path!r} is not wider than the window")
        self.assertEqual(narrow.complaints(), [])


class BehindAPrefix(Running):
    @staticmethod
    def flags():
        return ["--server.http.ui-path-prefix=/some/where"]

    @staticmethod
    def prefix():
        return "/some/where"

    def test_deep_links_work_below_the_prefix(self):
        self.open("")
        self.browser.sees("prometheus.remote_write.default")
        self.open("explore/logs")
        self.browser.sees("finished complete graph evaluation")
        outside = [one for one in self.browser.requests() if not one.startswith(self.base + "/")]
        self.assertEqual(outside, [], "all that it asks for is below the prefix")


class Broken(Running):
    def test_a_broken_target_is_found_by_clicking(self):
        self.target.close()
        try:
            self.open("")
            self.browser.sees("needs attention", longest=60)
            self.browser.sees("prometheus.scrape.page", "main .attention")
            self.browser.click("main a[href*='component/']", "prometheus.scrape.page")
            eventually(lambda: "component/prometheus.scrape.page" in self.browser.address, "its page")
            self.browser.sees("refused")
            self.browser.sees("down")
        finally:
            type(self).target = Server(lambda method, path: (200, metrics_page()))
            self.addClassCleanup(self.target.close)

    def test_a_backend_that_refuses_is_told_in_its_words(self):
        type(self).backend_answer = (503, "the backend sleeps")
        try:
            self.open("component/prometheus.remote_write.default")
            self.browser.sees("the backend sleeps", longest=60)
            self.browser.sees("unhealthy")
            self.open("")
            self.browser.sees("the backend sleeps")
        finally:
            type(self).backend_answer = (204, "")


class Changing(Running):
    def text(self, more=""):
        return pipeline(self.target.address, self.backend.address, more)

    def setUp(self):
        self.collector.configure(self.text())
        self.collector.signal(signal.SIGHUP)
        eventually(lambda: '"load":{' in self.collector.get("/api/v0/web/status") and
                   '"ok":true' in self.collector.get("/api/v0/web/status"), "the configuration runs")

    def test_check_then_reload(self):
        self.open("configuration")
        self.browser.sees("prometheus.exporter.self")
        self.collector.configure(self.text('prometheus.relabel "fresh" {\n  forward_to = []\n}\n'))
        self.browser.click("main button", "Check")
        self.browser.sees("prometheus.relabel.fresh")
        self.browser.sees("added")
        self.browser.click("main button", "Reload")
        eventually(lambda: "prometheus.relabel.fresh" in self.collector.get("/api/v0/web/components"), "it runs")
        eventually(lambda: 'prometheus.relabel "fresh"' in self.browser.text("main"), "the page shows the new text")

    def test_a_mistake_is_shown_and_changes_nothing(self):
        self.collector.configure(self.text('prometheus.scrape "wrong" {\n  nonsense = 1\n}\n'))
        self.open("configuration")
        self.browser.sees("prometheus.exporter.self")
        self.browser.click("main button", "Check")
        self.browser.sees("nonsense")
        self.assertFalse(self.browser.find("main button", "Reload").is_enabled())
        self.collector.signal(signal.SIGHUP)
        self.browser.sees("The last reload failed", "#banner")
        self.browser.open(f"{self.base}/")
        self.browser.sees("The last reload failed", "#banner")
        self.assertNotIn("prometheus.scrape.wrong", self.collector.get("/api/v0/web/components"))

    def test_a_collector_that_dies_and_comes_back_under_the_open_page(self):
        self.open("")
        self.browser.sees("prometheus.remote_write.default")
        self.collector.kill()
        self.browser.sees("No connection", "#banner")
        self.browser.complaints()
        self.collector.start()
        eventually(lambda: not self.browser.find("body") or not self.browser.all("#banner")[0].is_displayed(), "the page goes on by itself")
        self.browser.sees("prometheus.remote_write.default")

    def test_a_component_that_goes_while_it_is_looked_at(self):
        self.collector.configure(self.text('prometheus.relabel "brief" {\n  forward_to = []\n}\n'))
        self.collector.signal(signal.SIGHUP)
        eventually(lambda: "prometheus.relabel.brief" in self.collector.get("/api/v0/web/components"), "it runs")
        self.open("component/prometheus.relabel.brief")
        self.browser.sees("forward_to")
        self.collector.configure(self.text())
        self.collector.signal(signal.SIGHUP)
        self.browser.sees("There is no such component")
        self.browser.complaints()


    def test_a_collector_that_hangs(self):
        self.open("")
        self.browser.sees("prometheus.remote_write.default")
        self.collector.signal(signal.SIGSTOP)
        try:
            self.browser.sees("No connection", "#banner")
            self.browser.sees("no answer", "#banner")
        finally:
            self.collector.signal(signal.SIGCONT)
        eventually(lambda: not self.browser.all("#banner")[0].is_displayed(), "the page goes on by itself")
        self.browser.complaints()

    def test_a_clock_that_is_a_day_off(self):
        browser = Browser()
        self.addCleanup(browser.close)
        browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {
            "source": "{ const now = Date.now.bind(Date); Date.now = () => now() + 86400e3; }"})
        browser.open(f"{self.base}/explore/logs")
        browser.sees("finished complete graph evaluation")
        browser.open(f"{self.base}/")
        browser.sees("prometheus.remote_write.default")
        self.assertNotIn("-", browser.text("main .attention"))


class Much(unittest.TestCase):
    """More than anybody can look at."""

    @classmethod
    def setUpClass(cls):
        page = "".join(f'wide{{n="{n}"}} {n}\n' for n in range(10_000))
        cls.target = Server(lambda method, path: (200, page))
        cls.addClassCleanup(cls.target.close)
        cls.collector = Collector(f"""
prometheus.scrape "wide" {{
  targets         = [{{"__address__" = "{cls.target.address}"}}]
  forward_to      = [store.local.default.receiver]
  scrape_interval = "1s"
  scrape_timeout  = "1s"
}}

store.local "default" {{ }}
""")
        cls.addClassCleanup(cls.collector.close)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def test_ten_thousand_series(self):
        self.browser.open(f"{self.collector.origin}/explore/metrics?match=wide")
        eventually(lambda: self.browser.all("main canvas"), "a chart")
        self.browser.sees("50 of 10,000")
        self.assertLess(len(self.browser.all("main table tbody tr")), 200)
        self.assertEqual(self.browser.complaints(), [])

    def test_a_line_of_a_megabyte(self):
        import json
        line = "level=info msg=begin " + "x" * 1_000_000 + " the-end"

        def instead(path):
            if not path.startswith("/api/v0/store/default/logs?"):
                return None
            return json.dumps({"status": "success", "data": {"resultType": "streams", "result": [
                {"stream": {"job": "big"}, "values": [[str(time.time_ns()), line]]}]}, "truncated": False})

        server = between(self.collector, instead)
        self.addCleanup(server.close)
        self.browser.open(f"http://{server.address}/explore/logs")
        self.browser.sees("msg=begin")
        self.assertLess(self.browser.run("return document.body.textContent.length"), 100_000)
        self.assertEqual(self.browser.complaints(), [])


class Bare(unittest.TestCase):
    def test_an_empty_store_says_so(self):
        collector = Collector('store.local "default" { }\n')
        self.addCleanup(collector.close)
        browser = Browser()
        self.addCleanup(browser.close)
        for path in ("explore/metrics", "explore/logs", "explore/traces"):
            browser.open(f"{collector.origin}/{path}")
            browser.sees("othing")
            self.assertEqual(browser.complaints(), [])

    def test_without_a_store_the_page_says_how_to_add_one(self):
        collector = Collector('prometheus.exporter.self "default" { }\n')
        self.addCleanup(collector.close)
        browser = Browser(dark=True)
        self.addCleanup(browser.close)
        for path in ("explore/metrics", "explore/logs", "explore/traces"):
            browser.open(f"{collector.origin}/{path}")
            browser.sees("store.local")
            self.assertEqual(browser.complaints(), [])


class Rates(unittest.TestCase):
    """How fast a counter grows, from its values at polls that are 2 to 2.3 s apart; seconds and items."""

    @classmethod
    def setUpClass(cls):
        cls.collector = Collector('prometheus.exporter.self "default" { }\n')
        cls.addClassCleanup(cls.collector.close)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)
        cls.browser.open(cls.collector.origin)

    def rates(self, steps, until, away=(), first=1000):
        """steps: [(when, how many)]; away: when nobody looks, (from, to). → {second: rate}"""
        polls, now = [], 0.0
        while now <= until:
            if not any(begin < now < end for begin, end in away):
                polls.append((now, first + sum(items for when, items in steps if when <= now)))
            now += 2 + len(polls) * 7919 % 13 * 0.025
        made = self.browser.driver.execute_async_script("""
            const [polls, done] = arguments;
            import(new URL('assets/js/rate.js', document.baseURI)).then(({ follow }) => {
              const see = follow();
              done(polls.map(([at, value]) => see(value, at * 1000)));
            }, error => done(String(error)));""", polls)
        self.assertIsInstance(made, list, made)
        return {at: rate for (at, _), rate in zip(polls, made)}

    def assert_is(self, rates, expected, begin, end, tolerance=0.05):
        there = {at: rate for at, rate in rates.items() if begin <= at <= end}
        self.assertTrue(there)
        for at, rate in there.items():
            self.assertIsNotNone(rate, f"at {at} s")
            self.assertAlmostEqual(rate, expected, delta=max(expected * tolerance, 1e-9), msg=f"at {at} s")

    def test_a_source_that_adds_something_once_a_minute(self):
        rates = self.rates([(17 + 60 * n, 600) for n in range(10)], 600)
        self.assert_is(rates, 10, 81, 600)
        self.assertEqual({rate for at, rate in rates.items() if at < 77}, {None}, "nothing is told before it is known")

    def test_a_source_that_needs_some_time_for_it(self):
        self.assert_is(self.rates([(17 + 60 * n + more, 300) for n in range(10) for more in (0, 2)], 600), 10, 81, 600)
        self.assert_is(self.rates([(60 * n + offset, 120) for n in range(10) for offset in (3, 9, 11, 40, 57)], 600), 10, 81, 600, 0.3)

    def test_a_source_that_stops(self):
        slow = self.rates([(17 + 60 * n, 600) for n in range(5)], 500)
        self.assert_is(slow, 10, 81, 257 + 115)
        self.assert_is(slow, 0, 257 + 130, 500)
        fast = self.rates([(n / 10, 10) for n in range(300)], 60)
        self.assert_is(fast, 100, 10, 34)
        self.assert_is(fast, 0, 41, 60)

    def test_a_source_that_begins_again(self):
        rates = self.rates([(n / 10, 10) for n in [*range(300), *range(4000, 4600)]], 460)
        self.assert_is(rates, 100, 410, 460)
        self.assert_is(rates, 0, 41, 399)

    def test_a_source_of_which_nothing_came_since_somebody_looks(self):
        self.assert_is(self.rates([], 60, first=0), 0, 0, 60)
        rates = self.rates([], 200)
        self.assertIsNone(rates[0])
        self.assert_is(rates, 0, 135, 200)

    def test_a_page_that_was_hidden(self):
        steps = [(17 + 60 * n, 600) for n in range(30)]
        self.assert_is(self.rates(steps, 700, away=[(300, 350)]), 10, 81, 700)
        self.assert_is(self.rates(steps, 1500, away=[(300, 1200)]), 10, 81, 1500)

    def test_a_counter_that_begins_anew(self):
        rates = self.rates([*((17 + 60 * n, 600) for n in range(5)), (300, -3500), *((317 + 60 * n, 600) for n in range(8))], 700)
        self.assertTrue(all(rate is None or 9 < rate < 11 for rate in rates.values()), rates)
        self.assert_is(rates, 10, 400, 700)


if __name__ == "__main__":
    unittest.main()
