/* What a cell means; the theme says how it looks: 23 roles, and the heat ramp in five steps. No pane names here, so that
 * a new pane needs no new role. */
#ifndef TACH_UI_ROLE_H
#define TACH_UI_ROLE_H

/* id, name in theme files, meaning */
#define ROLE_LIST(X) \
	X(TEXT, "text", "ordinary text") \
	X(DIM, "dim", "labels, units, what is not looked at first") \
	X(TITLE, "title", "the name of the target, the titles of panes") \
	X(NOW, "now", "the newest value of a row") \
	X(KEY, "key", "keys in the footer and in help") \
	X(BASE, "base", "the baseline, A in a comparison") \
	X(GOOD, "good", "better than the baseline, a source that works") \
	X(WARN, "warn", "outside the baseline, something missing") \
	X(BAD, "bad", "far outside the baseline, an error") \
	X(SELECT, "select", "the focused pane or selected row") \
	X(MATCH, "match", "what a search has found") \
	X(MARK, "mark", "marks and events in time, the time cursor") \
	X(RULE, "rule", "the line above a pane") \
	X(GRAPH, "graph", "graphs over time") \
	X(USR, "usr", "thread time in user code") \
	X(SYS, "sys", "thread time in the kernel") \
	X(LOCK, "lock", "thread time waiting for a lock") \
	X(RUNQ, "runq", "thread time waiting for a CPU") \
	X(IO, "io", "thread time waiting for storage") \
	X(NET, "net", "thread time waiting for sockets") \
	X(WAIT, "wait", "thread time waiting for something else, or the cause is unknown") \
	X(SLEEP, "sleep", "thread time asleep by its own wish") \
	X(IDLE, "idle", "thread time asleep with nothing to do") \
	X(HEAT0, "heat0", "heat map, least") \
	X(HEAT1, "heat1", "heat map") \
	X(HEAT2, "heat2", "heat map") \
	X(HEAT3, "heat3", "heat map") \
	X(HEAT4, "heat4", "heat map, most")

enum role {
#define X(id, name, meaning) ROLE_##id,
	ROLE_LIST(X)
#undef X
	ROLE_COUNT,
	ROLE_LAST_TEXT = ROLE_MARK /* those up to it are read, those after it are drawn */
};

const char *role_name(enum role r);
const char *role_meaning(enum role r);

#endif
