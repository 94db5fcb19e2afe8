// How fast a counter grows that is looked at every two seconds. Many a source adds something only once in a while (a
// scrape once a minute): its rate is taken between such steps, never over a time that is shorter than its pauses.

const together = 3000;         // steps that are no further apart are one burst
const shortest = 6000;         // what is shorter is not measured
const without_pauses = 10e3;   // over this long, a source that never pauses; one that does: over at least two pauses
const with_pauses = 60e3;
const recent = 12;             // the last pauses, which tell what is usual
const patience = 130e3;        // of a counter that stands still since it is looked at nothing is said for so long
const longest_pause = 900e3;   // after a longer one all begins anew; after a shorter one where it was not to be expected
const unexpected = 150e3;
const unseen = 15e3;           // nobody looked for longer
const most_steps = 160;

/** One counter. → see(value, now_ms): its rate per second, or null while there is nothing to tell it from. */
export function follow() {
  let steps = [];   // {at, value} after each change, oldest first
  let last = null;  // as last seen
  let began = 0;    // seen without a gap since
  let before = null, rate = null;  // before: as of the time when nobody looked

  const pauseBefore = i => steps[i].at - steps[i - 1].at;

  function usualPause() {
    let longest = 0;
    for (let i = Math.max(1, steps.length - recent); i < steps.length; ++i) longest = Math.max(longest, pauseBefore(i));
    return longest;
  }

  /** Whoever is silent for longer has stopped. */
  const longestNow = () => Math.max(shortest, 2 * usualPause() + 2000);

  function step(value, now) {
    const silent = steps.length > 0 ? now - steps[steps.length - 1].at : 0;
    if (silent > longest_pause || (steps.length > 1 && silent > Math.max(unexpected, longestNow()))) steps = [];
    steps.push({ at: now, value });
    if (steps.length > most_steps) steps.shift();
  }

  /** Between the ends of two bursts, or of a source that never pauses between any two steps. */
  function measure(now) {
    let end = steps.length - 1;
    if (end > 0 && steps[end].at === now && pauseBefore(end) > together) --end;  // it may be the first of several
    if (end < 1) return null;
    const pause = usualPause(), over = pause > together ? Math.max(with_pauses, 2 * pause) : without_pauses;
    let from = -1;
    for (let i = end - 1; i >= 0 && (from < 0 || steps[end].at - steps[from].at < over); --i) {
      if (pause <= together || pauseBefore(i + 1) > together) from = i;
    }
    const elapsed = from < 0 ? 0 : steps[end].at - steps[from].at;
    if (elapsed < shortest) return null;
    return now - steps[steps.length - 1].at > longestNow() ? 0 : ((steps[end].value - steps[from].value) * 1000) / elapsed;
  }

  return function see(value, now) {
    if (!last || value < last.value || now < last.at) {
      [steps, began, before] = [[], now, null];
    } else if (now - last.at > unseen) {
      before = now - last.at > patience ? ((value - last.value) * 1000) / (now - last.at) : rate;
      [steps, began] = [[], now];
    } else if (value > last.value) {
      step(value, now);
    }
    last = { at: now, value };
    rate = measure(now);
    if (rate === null) {
      const still = now - Math.max(began, steps[steps.length - 1]?.at ?? 0);
      rate = value === 0 || still > patience ? 0 : before;
    }
    return rate;
  };
}

/** Many counters by their names. */
export function rates() {
  let known = new Map(), seen = new Map();
  return {
    see(name, value, now) {
      if (value === undefined) return null;
      const one = seen.get(name) ?? known.get(name) ?? follow();
      seen.set(name, one);
      return one(value, now);
    },
    /** After all were seen: those that were not are forgotten. */
    sweep() {
      [known, seen] = [seen, new Map()];
    },
    forget() {
      known = new Map();
    },
  };
}
