/* Sockets on the loopback for the programs of tests; what fails ends the process with a sentence. */
#ifndef TACH_TESTS_LOOPBACK_H
#define TACH_TESTS_LOOPBACK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static inline void must(bool ok)
{
	if (ok)
		return;
	perror("# loopback");
	_exit(1);
}

static inline int make_socket(int type, struct sockaddr_in *name)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof any;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	must(fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) == 0);
	must(getsockname(fd, (struct sockaddr *)name, &size) == 0);
	return fd;
}

static inline int call(const struct sockaddr_in *name, int type)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	must(fd >= 0 && connect(fd, (const struct sockaddr *)name, sizeof *name) == 0);
	return fd;
}

/* 32 datagrams of 64 bytes by each of n calls, which the kernel or the device splits. */
static inline void send_segmented(const struct sockaddr_in *to, long n)
{
	static char text[32 * 64];
	int fd = call(to, SOCK_DGRAM), size = 64;

	must(setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size) == 0);
	for (long i = 0; i < n; i++)
		must(send(fd, text, sizeof text, 0) == (ssize_t)sizeof text);
	close(fd);
}

#endif
