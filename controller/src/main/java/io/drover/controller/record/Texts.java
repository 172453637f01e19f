package io.drover.controller.record;

/** Texts for people that go into a record: all of them together must leave it small. */
final class Texts {
    private static final int MAX_CHARS = 160;

    private Texts() {}

    /** The text, its end replaced by an ellipsis when it is too long. */
    static String cut(String text) {
        if (text.length() <= MAX_CHARS) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(MAX_CHARS - 2)) ? MAX_CHARS - 2 : MAX_CHARS - 1;
        return text.substring(0, end) + "…";
    }
}
