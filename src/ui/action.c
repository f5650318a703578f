/* Names, groups and help of actions, from the list in the header. */
#include "ui/action.h"

static const struct {
	const char *name, *group, *help;
} rows[ACTION_COUNT] = {
#define X(id, name, group, help) { name, group, help },
	ACTION_LIST(X)
#undef X
};

const char *action_name(enum action a)
{
	return rows[a].name;
}

const char *action_group(enum action a)
{
	return rows[a].group;
}

const char *action_help(enum action a)
{
	return rows[a].help;
}
