package io.drover.cli.console;

import com.google.protobuf.ByteString;
import java.util.Optional;

/** Ctrl-] among what is typed: the way out of a console, as in telnet. */
final class EscapeKey {
    private static final byte CTRL_RIGHT_BRACKET = 0x1d;

    private EscapeKey() {}

    /** What comes before the key, or nothing when it was not pressed. */
    static Optional<ByteString> before(ByteString typed) {
        for (int i = 0; i < typed.size(); i++) {
            if (typed.byteAt(i) == CTRL_RIGHT_BRACKET) {
                return Optional.of(typed.substring(0, i));
            }
        }
        return Optional.empty();
    }
}
