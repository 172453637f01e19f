package io.drover.cli.console;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A text that is waited for in a stream of bytes, however they are cut. Not thread-safe. */
final class Expected {
    private final byte[] text;
    private byte[] tail = new byte[0];

    /** @param text not empty */
    Expected(String text) {
        this.text = text.getBytes(StandardCharsets.UTF_8);
    }

    /** Whether the text has come with these bytes. */
    boolean arrives(byte[] bytes) {
        byte[] all = Arrays.copyOf(tail, tail.length + bytes.length);
        System.arraycopy(bytes, 0, all, tail.length, bytes.length);
        for (int start = 0; start + text.length <= all.length; start++) {
            if (Arrays.equals(all, start, start + text.length, text, 0, text.length)) {
                return true;
            }
        }
        tail = Arrays.copyOfRange(all, Math.max(0, all.length - text.length + 1), all.length);
        return false;
    }
}
