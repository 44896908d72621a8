/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ws_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <wslay/wslay.h>

#include "base/err.h"
#include "base/log.h"

#include "upgrade.h"

#define MESSAGE_MAX 8192  /* more than any line of IRC; beyond it 1009 */
#define READ_MAX    4096  /* bytes taken from the socket at once */
#define LINES_MAX   65536 /* bound of what one read can unwrap: far more than MESSAGE_MAX and READ_MAX */
#define BATCH_MAX   16384 /* bytes in frames that wait for the socket, before more are made */
#define ANSWERS_MAX 4096  /* bytes of pongs that wait for the socket, before nothing is read */

struct ws_wire {
	struct wire wire;
	const struct ws_rules *rules;
	struct buf head;   /* of the request */
	struct buf answer; /* to it */
	int status;	   /* of the answer; 0: the request isn't whole */
	enum upgrade_protocol protocol;
	wslay_event_context_ptr frames; /* NULL until the handshake is over */
	struct buf in;			/* lines */
	size_t budget;			/* bytes that this read may still take from the socket */
	int ended;			/* what ended the input; 0 while it goes on */
};

static struct ws_wire *self(struct wire *w)
{
	return (struct ws_wire *)w;
}

static bool is_wait(int code)
{
	return code == EAGAIN || code == EWOULDBLOCK || code == EINTR;
}

/* ---- wslay's way to the socket ---- */

static ssize_t on_recv(wslay_event_context_ptr frames, uint8_t *out, size_t size, int flags, void *ctx)
{
	struct ws_wire *t = ctx;
	ssize_t n;

	(void)flags;
	if (t->budget == 0) {
		wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	n = recv(t->wire.fd, out, size < t->budget ? size : t->budget, MSG_DONTWAIT);
	if (n > 0) {
		t->budget -= (size_t)n;
		return n;
	}
	wslay_event_set_error(frames,
			      n < 0 && is_wait(errno) ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static ssize_t on_send(wslay_event_context_ptr frames, const uint8_t *data, size_t len, int flags, void *ctx)
{
	struct ws_wire *t = ctx;
	ssize_t n = send(t->wire.fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	(void)flags;
	if (n < 0)
		wslay_event_set_error(frames,
				      is_wait(errno) ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
	return n;
}

/* ---- messages ---- */

static void refuse(struct ws_wire *t, uint16_t status)
{
	wslay_event_queue_close(t->frames, status, NULL, 0);
	wslay_event_shutdown_read(t->frames);
}

/* One message is one line: a line end within it would make two.  At its end it is forgiven. */
static void take_line(struct ws_wire *t, const uint8_t *msg, size_t len)
{
	if (len > 0 && msg[len - 1] == '\n')
		len--;
	if (len > 0 && msg[len - 1] == '\r')
		len--;
	if (len == 0)
		return;
	if (memchr(msg, '\n', len) != NULL || memchr(msg, '\r', len) != NULL)
		refuse(t, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA);
	else if (buf_put(&t->in, msg, len) != 0 || buf_put(&t->in, "\r\n", 2) != 0)
		refuse(t, WSLAY_CODE_INTERNAL_SERVER_ERROR);
}

/* wslay has put the fragments together, checked the UTF-8 of text, and answers pings and closes by itself.  The
 * subprotocol says how we send; a line is taken either way, and what is not UTF-8 gets its reply. */
static void on_message(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *arg,
		       void *ctx)
{
	struct ws_wire *t = ctx;

	if (wslay_is_ctrl_frame(arg->opcode) || !wslay_event_get_read_enabled(frames))
		return;
	take_line(t, arg->msg, arg->msg_length);
}

static const struct wslay_event_callbacks callbacks = {
    .recv_callback = on_recv, .send_callback = on_send, .on_msg_recv_callback = on_message};

/* ---- the handshake ---- */

/* The client waits for our answer, so nothing follows its request. */
static void judge_head(struct ws_wire *t)
{
	const char *head = (const char *)buf_ptr(&t->head);
	size_t len = buf_len(&t->head);
	char text[UPGRADE_ANSWER_MAX];
	struct upgrade u = {0};

	if (upgrade_end(head, len) == 0 && buf_room(&t->head) > 0 && upgrade_may_be(head, len))
		return;
	t->status = upgrade_parse(head, len, t->rules, &u);
	t->protocol = u.protocol;
	if (t->status != UPGRADE_OK)
		log_info("a WebSocket request was refused: %d", t->status);
	upgrade_answer(t->status, &u, text);
	(void)buf_put(&t->answer, text, strlen(text));
	buf_clear(&t->head);
}

static int read_head(struct ws_wire *t)
{
	uint8_t chunk[1024];
	size_t want = buf_room(&t->head) < sizeof(chunk) ? buf_room(&t->head) : sizeof(chunk);
	size_t n;
	int r = wire_read(NULL, t->wire.fd, chunk, want, &n);

	if (r == WIRE_READY)
		r = buf_put(&t->head, chunk, n);
	if (r == WIRE_READY)
		judge_head(t);
	return r;
}

static int send_answer(struct ws_wire *t)
{
	size_t n;
	int r = WIRE_READY;

	while (r == WIRE_READY && buf_len(&t->answer) > 0) {
		r = wire_write(NULL, t->wire.fd, buf_ptr(&t->answer), buf_len(&t->answer), &n);
		buf_consume(&t->answer, n);
	}
	return r;
}

static int on_shake(struct wire *w)
{
	struct ws_wire *t = self(w);
	int r = WIRE_READY;

	while (r == WIRE_READY && t->status == 0)
		r = read_head(t);
	if (r == WIRE_READY)
		r = send_answer(t);
	if (r != WIRE_READY)
		return r;
	if (t->status != UPGRADE_OK)
		return ERR_PROTOCOL;
	buf_clear(&t->answer);
	if (wslay_event_context_server_init(&t->frames, &callbacks, t) != 0)
		return ERR_NOMEM;
	wslay_event_config_set_max_recv_msg_length(t->frames, MESSAGE_MAX);
	return WIRE_READY;
}

/* ---- bytes ---- */

static int flush(struct ws_wire *t)
{
	if (wslay_event_want_write(t->frames) && wslay_event_send(t->frames) != 0)
		return ERR_IO;
	return wslay_event_want_write(t->frames) ? WIRE_WANT_WRITE : WIRE_READY;
}

/* Only the peer's Close is an orderly end (RFC 6455 section 7.1.5). */
static void receive(struct ws_wire *t)
{
	int r;

	t->budget = READ_MAX;
	r = wslay_event_recv(t->frames);
	if (wslay_event_get_close_received(t->frames))
		t->ended = ERR_CLOSED;
	else if (r != 0 || !wslay_event_get_read_enabled(t->frames))
		t->ended = ERR_IO;
	(void)flush(t);
}

static int on_read(struct wire *w, uint8_t *out, size_t size, size_t *n)
{
	struct ws_wire *t = self(w);

	if (buf_len(&t->in) == 0 && t->ended == 0) {
		if (wslay_event_get_queued_msg_length(t->frames) > ANSWERS_MAX && flush(t) == WIRE_WANT_WRITE)
			return WIRE_WANT_WRITE;
		receive(t);
	}
	*n = buf_len(&t->in) < size ? buf_len(&t->in) : size;
	if (*n == 0)
		return t->ended != 0 ? t->ended : WIRE_WANT_READ;
	memcpy(out, buf_ptr(&t->in), *n);
	buf_consume(&t->in, *n);
	if (buf_len(&t->in) == 0)
		buf_clear(&t->in);
	return WIRE_READY;
}

static int queue_line(struct ws_wire *t, const uint8_t *line, size_t len)
{
	struct wslay_event_msg msg = {
	    .opcode = t->protocol == UPGRADE_BINARY ? WSLAY_BINARY_FRAME : WSLAY_TEXT_FRAME,
	    .msg = line,
	    .msg_length = len,
	};

	if (len > 0 && line[len - 1] == '\r')
		msg.msg_length--;
	return wslay_event_queue_msg(t->frames, &msg) == 0 ? 0 : ERR_IO;
}

/* Frames for the next lines, up to BATCH_MAX; 0 when there are none. */
static int queue_lines(struct ws_wire *t, const uint8_t *data, size_t len, size_t *n)
{
	const uint8_t *end;

	while (*n < len && wslay_event_get_queued_msg_length(t->frames) < BATCH_MAX) {
		end = memchr(data + *n, '\n', len - *n);
		if (end == NULL)
			break;
		if (queue_line(t, data + *n, (size_t)(end - data) - *n) != 0)
			return ERR_IO;
		*n = (size_t)(end - data) + 1;
	}
	return 0;
}

static int on_write(struct wire *w, const uint8_t *data, size_t len, size_t *n)
{
	struct ws_wire *t = self(w);
	int r = flush(t);

	if (r == WIRE_READY)
		r = queue_lines(t, data, len, n);
	return r == 0 ? flush(t) : r;
}

static int on_shut(struct wire *w)
{
	struct ws_wire *t = self(w);

	if (t->frames == NULL)
		return WIRE_READY;
	/* Refused when one is on its way already. */
	(void)wslay_event_queue_close(t->frames, WSLAY_CODE_NORMAL_CLOSURE, NULL, 0);
	return flush(t);
}

static bool on_has_input(const struct wire *w)
{
	const struct ws_wire *t = (const struct ws_wire *)w;

	return t->ended != 0 || buf_len(&t->in) > 0;
}

static bool on_has_output(const struct wire *w)
{
	const struct ws_wire *t = (const struct ws_wire *)w;

	return wslay_event_want_write(t->frames);
}

/* ---- life ---- */

static void on_free(struct wire *w)
{
	struct ws_wire *t = self(w);

	if (t->frames != NULL)
		wslay_event_context_free(t->frames);
	buf_clear(&t->head);
	buf_clear(&t->answer);
	buf_clear(&t->in);
	free(t);
}

static const struct wire_ops ws_ops = {
    .shake = on_shake,
    .read = on_read,
    .write = on_write,
    .shut = on_shut,
    .has_input = on_has_input,
    .has_output = on_has_output,
    .free = on_free,
};

struct wire *ws_wire_new(const struct ws_rules *rules, int fd)
{
	struct ws_wire *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->wire = (struct wire){.ops = &ws_ops, .fd = fd};
	t->rules = rules;
	buf_init(&t->head, UPGRADE_HEAD_MAX);
	buf_init(&t->answer, UPGRADE_ANSWER_MAX);
	buf_init(&t->in, LINES_MAX);
	return &t->wire;
}
