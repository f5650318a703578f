/* Below the zoomed rates: messages by protocol, and the sockets of the target, the busiest first. */
#ifndef TACH_UI_PANE_SOCKETS_H
#define TACH_UI_PANE_SOCKETS_H

#include "ui/canvas.h"
#include "ui/order.h"
#include "ui/view.h"

#include <stddef.h>

/* Rows that they take of a pane at least; 0: nobody knows a protocol or a socket, or the pane is too small. */
int sockets_rows(const struct view *v, struct rect pane);

void sockets_draw(const struct view *v, struct canvas *c, struct rect r);

/* Of the list of sockets, for the pane (see struct pane_ops); NULL: there is no socket. */
const struct order_rules *sockets_order(const struct view *v);

#endif
