/* The calendar: dragging, keys (filled next). */
