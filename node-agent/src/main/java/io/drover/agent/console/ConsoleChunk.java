package io.drover.agent.console;

import com.google.protobuf.ByteString;
import java.util.Objects;

/**
 * A piece of a console's output for one session.
 *
 * @param lostBytes how much the guest printed before {@code output} that this session was too slow to take
 * @param output what the guest printed
 */
public record ConsoleChunk(long lostBytes, ByteString output) {
    public ConsoleChunk {
        Objects.requireNonNull(output);
    }
}
