package io.drover.scheduler.placement;

import java.util.Arrays;

/** A set of hosts by slot, one bit each. It grows by itself; what is beyond its end is not in it. */
final class HostBits {
    private long[] words = new long[1];

    void add(int slot) {
        int word = slot >> 6;
        if (word >= words.length) {
            words = Arrays.copyOf(words, Math.max(word + 1, words.length * 2));
        }
        words[word] |= 1L << slot;
    }

    /** {@return whether it was there} */
    boolean remove(int slot) {
        boolean was = contains(slot);
        if (was) {
            words[slot >> 6] &= ~(1L << slot);
        }
        return was;
    }

    boolean contains(int slot) {
        int word = slot >> 6;
        return word < words.length && (words[word] & (1L << slot)) != 0;
    }

    boolean isEmpty() {
        for (long word : words) {
            if (word != 0) {
                return false;
            }
        }
        return true;
    }

    int count() {
        int count = 0;
        for (long word : words) {
            count += Long.bitCount(word);
        }
        return count;
    }

    void clear() {
        Arrays.fill(words, 0);
    }

    /** The lowest slot that is not in the set. */
    int firstMissing() {
        int word = 0;
        while (word < words.length && words[word] == -1L) {
            word++;
        }
        return word == words.length ? word << 6 : (word << 6) + Long.numberOfTrailingZeros(~words[word]);
    }

    void copyFrom(HostBits other) {
        if (words.length < other.words.length) {
            words = other.words.clone();
            return;
        }
        System.arraycopy(other.words, 0, words, 0, other.words.length);
        Arrays.fill(words, other.words.length, words.length, 0);
    }

    void retainAll(HostBits other) {
        int common = Math.min(words.length, other.words.length);
        for (int word = 0; word < common; word++) {
            words[word] &= other.words[word];
        }
        Arrays.fill(words, common, words.length, 0);
    }

    void removeAll(HostBits other) {
        int common = Math.min(words.length, other.words.length);
        for (int word = 0; word < common; word++) {
            words[word] &= ~other.words[word];
        }
    }

    /** The bits themselves, slot 0 in the lowest bit of the first; to be read only, and not after the next change. */
    long[] words() {
        return words;
    }
}
