package io.drover.cli.console;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * Joins the output of a console before and after a lost connection: the new stream begins with the scrollback, of which the
 * user has seen most. Remembers the end of what was shown, finds it in the scrollback, and lets through what comes after.
 *
 * <p>Owned by one thread at a time.
 */
final class ScrollbackSplice {
    /** So much of the end is remembered: long enough to occur once only. */
    static final int REMEMBERED = 2_048;
    /** No scrollback is longer: what has not been found in so much is not there. */
    static final int SEARCHED = 1 << 20;

    private byte[] shown = new byte[0];
    private final ByteArrayOutputStream held = new ByteArrayOutputStream();
    private boolean searching;

    /** A new stream begins. */
    void reconnected() {
        searching = shown.length > 0;
        held.reset();
    }

    /** What is to be shown of these bytes: all, but for what was shown before. Bytes may be held back until {@link #flush}. */
    byte[] accept(byte[] bytes) {
        if (!searching) {
            return remember(bytes);
        }
        held.writeBytes(bytes);
        byte[] all = held.toByteArray();
        int end = endOfLast(all, shown);
        if (end < 0) {
            return all.length < SEARCHED ? new byte[0] : flush();
        }
        // It may occur again further on, in what is not here yet: later bytes decide. But what follows now is new.
        searching = false;
        held.reset();
        return remember(Arrays.copyOfRange(all, end, all.length));
    }

    /** The scrollback is over, or the wait for it: what was held back is new after all. */
    byte[] flush() {
        searching = false;
        byte[] all = held.toByteArray();
        held.reset();
        return remember(all);
    }

    /** Whether bytes are held back. */
    boolean holds() {
        return searching;
    }

    private byte[] remember(byte[] bytes) {
        int keep = Math.max(0, Math.min(shown.length, REMEMBERED - bytes.length));
        int take = Math.min(bytes.length, REMEMBERED);
        byte[] tail = new byte[keep + take];
        System.arraycopy(shown, shown.length - keep, tail, 0, keep);
        System.arraycopy(bytes, bytes.length - take, tail, keep, take);
        shown = tail;
        return bytes;
    }

    private static int endOfLast(byte[] text, byte[] part) {
        for (int start = text.length - part.length; start >= 0; start--) {
            if (Arrays.equals(text, start, start + part.length, part, 0, part.length)) {
                return start + part.length;
            }
        }
        return -1;
    }
}
