/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a stream knows of the peer. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "loop_private.h"
#include "wire.h"

bool stream_is_secure(const struct stream *s)
{
	const struct wire *w = stream_wire(s);

	return w != NULL && w->secure;
}

bool stream_peer_fingerprint(const struct stream *s, uint8_t out[STREAM_FINGERPRINT_BYTES])
{
	const struct wire *w = stream_wire(s);

	if (w == NULL || !w->certified)
		return false;
	memcpy(out, w->fingerprint, STREAM_FINGERPRINT_BYTES);
	return true;
}

/* The kinds of origin are kept apart by the bits above the number. */
enum { ORIGIN_IPV4 = 1, ORIGIN_USER = 2 };

static uint64_t origin_of_user(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return 0;
	return (uint64_t)ORIGIN_USER << 32 | cred.uid;
}

/* An IPv4 address in IPv6 is the address; of others the first half. */
static uint64_t origin_of_ipv6(const struct in6_addr *a)
{
	uint32_t ipv4;
	uint64_t half;

	if (IN6_IS_ADDR_V4MAPPED(a)) {
		memcpy(&ipv4, a->s6_addr + 12, sizeof(ipv4));
		return (uint64_t)ORIGIN_IPV4 << 32 | ipv4;
	}
	memcpy(&half, a->s6_addr, sizeof(half));
	return half;
}

uint64_t stream_origin(const struct stream *s)
{
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
		struct sockaddr_storage storage;
	} a;
	socklen_t len = sizeof(a);

	memset(&a, 0, sizeof(a));
	if (getpeername(stream_fd(s), &a.any, &len) != 0)
		return 0;
	switch (a.any.sa_family) {
	case AF_UNIX:
		return origin_of_user(stream_fd(s));
	case AF_INET:
		return (uint64_t)ORIGIN_IPV4 << 32 | a.ipv4.sin_addr.s_addr;
	case AF_INET6:
		return origin_of_ipv6(&a.ipv6.sin6_addr);
	default:
		return 0;
	}
}
