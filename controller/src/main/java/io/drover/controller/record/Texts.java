package io.drover.controller.record;

import java.util.List;
import java.util.stream.Collectors;

/** Texts for people that go into a record: all of them together must leave it small. */
final class Texts {
    private static final int MAX_CHARS = 160;

    private Texts() {}

    /** The text, its end replaced by an ellipsis when it is too long. */
    static String cut(String text) {
        return cut(text, MAX_CHARS);
    }

    /** Several texts as one, each with an equal part of the room. */
    static String join(String before, List<String> texts) {
        int room = (MAX_CHARS - before.length()) / Math.max(1, texts.size()) - 2;
        return before + texts.stream().map(text -> cut(text, Math.max(2, room))).collect(Collectors.joining("; "));
    }

    private static String cut(String text, int chars) {
        if (text.length() <= chars) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(chars - 2)) ? chars - 2 : chars - 1;
        return text.substring(0, end) + "…";
    }
}
