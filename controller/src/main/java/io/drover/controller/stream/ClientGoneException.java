package io.drover.controller.stream;

/** The client of a stream has cancelled it or went away. */
public final class ClientGoneException extends Exception {
    public ClientGoneException() {
        super("the client is gone");
    }
}
