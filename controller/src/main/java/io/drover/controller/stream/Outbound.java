package io.drover.controller.stream;

/** What a server sends on a stream, one thread at a time. */
public interface Outbound<T> {
    /** Sends a message; blocks while the client is too slow to take one, so that nothing piles up for it. */
    void send(T message) throws ClientGoneException, InterruptedException;
}
