/* Time stamps to the numbers of their steps and back, the twin of pipelines/device/calendar.py. Times are whole seconds
   since 1970 UTC. */
"use strict";
globalThis.pipelines = globalThis.pipelines || {packed: {}};

(function (pipelines) {
  const DAY_SECONDS = 86400, FIRST_WEEKDAY = 3; // 1970-01-01 was a Thursday; Monday is 0
  const DAY_NAMES = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
  const modulo = (x, size) => ((x % size) + size) % size;
  const weekdayOf = (days) => modulo(days + FIRST_WEEKDAY, 7);
  const daysOf = (time, calendar) => Math.floor((time - calendar.phase_seconds + calendar.early_seconds) / DAY_SECONDS);

  /* The number of the step that a time lies in. */
  function stepNumber(frame, time) {
    const {calendar} = frame;
    if (calendar.unit === "month") {
      const date = new Date(time * 1000), months = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
      const before = calendar.day > 15 ? calendar.months - 1 : 0;
      return Math.floor((months - calendar.first_month + before) / calendar.months);
    }
    if (calendar.unit === "second") {
      return Math.floor((time - calendar.phase_seconds + calendar.early_seconds) / Math.round(frame.step_seconds));
    }
    const days = daysOf(time, calendar), weekday = weekdayOf(days);
    const place = calendar.weekdays.filter((each) => each <= weekday).length - 1;
    return Math.floor((days + FIRST_WEEKDAY) / 7) * calendar.weekdays.length + place;
  }

  /* The date of a step. */
  function stepDate(frame, number) {
    const {calendar} = frame, count = calendar.weekdays.length;
    if (calendar.unit === "second") return number * Math.round(frame.step_seconds) + calendar.phase_seconds;
    const days = calendar.unit === "month" ? dayOfMonth(number * calendar.months + calendar.first_month, calendar)
      : Math.floor(number / count) * 7 + calendar.weekdays[modulo(number, count)] - FIRST_WEEKDAY;
    return days * DAY_SECONDS + calendar.phase_seconds;
  }

  /* Days since 1970 of the date of a month since January 1970. */
  function dayOfMonth(month, calendar) {
    const dayNumber = (months) => new Date(0).setUTCFullYear(1970, months, 1) / 86400000;
    const first = dayNumber(month), size = dayNumber(month + 1) - first;
    const direction = calendar.day <= 15 ? 1 : -1;
    let day = first + Math.min(calendar.day, size) - 1;
    while (calendar.weekdays.length && !calendar.weekdays.includes(weekdayOf(day))) day += direction;
    return day;
  }

  /* Whether the day of a time has a step. */
  function hasStep(frame, time) {
    const {calendar} = frame;
    return calendar.unit !== "weekday" || calendar.weekdays.includes(weekdayOf(daysOf(time, calendar)));
  }

  Object.assign(pipelines, {DAY_NAMES, hasStep, stepDate, stepNumber});
})(globalThis.pipelines);
