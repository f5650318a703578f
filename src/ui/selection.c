/* The selected entry of a list, by identity or by place. */
#include "ui/selection.h"

#include <stdio.h>

static int inside(int index, int count)
{
	return index >= count ? (count > 0 ? count - 1 : 0) : index < 0 ? 0 : index;
}

int selection_index(struct selection *s, const struct pane_ops *p, const struct view *v)
{
	int found = pane_find(p, v, s->identity);

	if (found >= 0)
		s->index = found;
	else if (v->zoomed) /* the list of another state is another one */
		s->index = inside(s->index, pane_list(p, v));
	return s->index;
}

/* A place that the list has not got at this moment is nobody's. */
static void identify(struct selection *s, const struct pane_ops *p, const struct view *v)
{
	if (s->index < pane_list(p, v))
		pane_identity(p, v, s->index, s->identity, sizeof s->identity);
}

void selection_hold(struct selection *s, const struct pane_ops *p, const struct view *v)
{
	if (s->identity[0])
		return;
	selection_index(s, p, v);
	identify(s, p, v);
	s->held = true;
}

void selection_release(struct selection *s)
{
	if (s->held)
		s->identity[0] = '\0';
	s->held = false;
}

void selection_move(struct selection *s, const struct pane_ops *p, const struct view *v, int rows)
{
	s->index = inside(selection_index(s, p, v) + rows, pane_list(p, v));
	s->held = false;
	identify(s, p, v);
}
