/*
 * What busybox cannot: a program in the guest that uses AF_VSOCK.
 *   vsock-try serve PORT        sends back to one client all that it says
 *   vsock-try ask PORT TEXT     says TEXT to the host and prints the answer
 */
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what) {
	perror(what);
	exit(1);
}

static void copy(int from, int to) {
	static char buffer[65536];
	ssize_t count;
	while ((count = read(from, buffer, sizeof buffer)) > 0) {
		for (ssize_t done = 0; done < count;) {
			ssize_t part = write(to, buffer + done, count - done);
			if (part < 0)
				fail("write");
			done += part;
		}
	}
	if (count < 0)
		fail("read");
}

int main(int argc, char **argv) {
	struct sockaddr_vm address = {.svm_family = AF_VSOCK};
	int end = socket(AF_VSOCK, SOCK_STREAM, 0);
	if (argc < 3 || end < 0)
		fail("socket");
	address.svm_port = atoi(argv[2]);
	if (!strcmp(argv[1], "serve")) {
		address.svm_cid = VMADDR_CID_ANY;
		if (bind(end, (struct sockaddr *)&address, sizeof address) || listen(end, 1))
			fail("listen");
		int client = accept(end, NULL, NULL);
		if (client < 0)
			fail("accept");
		copy(client, client);
		close(client);
		return 0;
	}
	address.svm_cid = VMADDR_CID_HOST;
	if (connect(end, (struct sockaddr *)&address, sizeof address))
		fail("connect");
	if (write(end, argv[3], strlen(argv[3])) < 0)
		fail("write");
	shutdown(end, SHUT_WR);
	copy(end, STDOUT_FILENO);
	return 0;
}
