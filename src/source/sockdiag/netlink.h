/* Netlink sockets of NETLINK_SOCK_DIAG (sock_diag(7)), in the network namespace of the thread that opens them. */
#ifndef TACH_SOURCE_SOCKDIAG_NETLINK_H
#define TACH_SOURCE_SOCKDIAG_NETLINK_H

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <sys/types.h>

#define NETLINK_PIECE 32768 /* the kernel never puts more into one datagram */

/* What is told of a socket beside its ends and queues: tcp_info, and memory with drops. */
#define NETLINK_EXTENSIONS (1u << (INET_DIAG_INFO - 1) | 1u << (INET_DIAG_SKMEMINFO - 1))

int netlink_open(void); /* -1 with errno */

/* Returns 0 or an errno. The answer is there when it returns. */
int netlink_send(int fd, const void *question, size_t size);

/* Never blocks. What somebody else than the kernel sent is of length 0. -1 with errno: EAGAIN when nothing is left, ENOBUFS
 * when something was lost. */
ssize_t netlink_receive(int fd, void *buf, size_t size);

#endif
