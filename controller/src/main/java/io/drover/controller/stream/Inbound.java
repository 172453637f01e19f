package io.drover.controller.stream;

import java.util.Optional;

/** What a client sends on a stream, for one thread to take. */
public interface Inbound<T> {
    /**
     * Blocks until there is a message.
     *
     * @return empty when the client has ended its side
     */
    Optional<T> next() throws ClientGoneException, InterruptedException;
}
