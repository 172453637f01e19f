package io.drover.vmm.memory;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * A set of a guest's pages, each by its place among all pages of RAM: those below the hole first, then those above, without the
 * hole between. One bit a page: 32 KiB for each GiB of memory.
 *
 * <p>
 * Safe for use by several threads: a page that is added while another thread takes pages out is either taken or still there.
 */
public final class PageSet {
    private final long pages;
    private final AtomicLongArray words;

    /**
     * An empty one.
     *
     * @param pages
     *            how many there are, less than 2^36
     */
    public PageSet(long pages) {
        this.pages = pages;
        this.words = new AtomicLongArray(Math.toIntExact((pages + Long.SIZE - 1) / Long.SIZE));
    }

    /** How many pages there could be in it. */
    public long pages() {
        return pages;
    }

    /** Adds a page. */
    public void add(long page) {
        or((int) (page / Long.SIZE), 1L << page);
    }

    /** Adds pages that follow each other. */
    public void add(long first, long count) {
        for (long page = first; page < first + count; page++) {
            add(page);
        }
    }

    /** Adds every page that there is. */
    public void addAll() {
        for (int word = 0; word < words.length(); word++) {
            words.set(word, word == words.length() - 1 && pages % Long.SIZE != 0 ? (1L << pages) - 1 : -1L);
        }
    }

    /** Adds what another set of as many pages has. */
    public void addAll(PageSet other) {
        for (int word = 0; word < words.length(); word++) {
            long bits = other.words.get(word);
            if (bits != 0) {
                or(word, bits);
            }
        }
    }

    /** How many groups of 64 pages there are; the last may have fewer. */
    public int words() {
        return words.length();
    }

    /** Which of 64 pages are in it, a bit each: those from {@code word} times 64 on. */
    public long word(int word) {
        return words.get(word);
    }

    /** Adds some of 64 pages, by their bits: those from {@code word} times 64 on. What is beyond the last page is left out. */
    public void addWord(int word, long bits) {
        long left = pages - (long) word * Long.SIZE;
        or(word, left >= Long.SIZE ? bits : bits & ((1L << left) - 1));
    }

    /** Moves all pages of this one into another of as many. */
    public void drainTo(PageSet other) {
        for (int word = 0; word < words.length(); word++) {
            if (words.get(word) != 0) {
                other.or(word, words.getAndSet(word, 0));
            }
        }
    }

    /** Takes a page out, if it is in there. */
    public void remove(long page) {
        int word = (int) (page / Long.SIZE);
        long bits;
        do {
            bits = words.get(word);
        } while ((bits & 1L << page) != 0 && !words.compareAndSet(word, bits, bits & ~(1L << page)));
    }

    public void clear() {
        for (int word = 0; word < words.length(); word++) {
            words.set(word, 0);
        }
    }

    public boolean contains(long page) {
        return (words.get((int) (page / Long.SIZE)) & 1L << page) != 0;
    }

    /** How many pages are in it. */
    public long count() {
        long count = 0;
        for (int word = 0; word < words.length(); word++) {
            count += Long.bitCount(words.get(word));
        }
        return count;
    }

    /** The first page of the set that is {@code from} or behind it; -1 when there is none. */
    public long next(long from) {
        if (from >= pages) {
            return -1;
        }
        int word = (int) (from / Long.SIZE);
        long bits = words.get(word) & -1L << from;
        while (bits == 0) {
            word++;
            if (word == words.length()) {
                return -1;
            }
            bits = words.get(word);
        }
        return (long) word * Long.SIZE + Long.numberOfTrailingZeros(bits);
    }

    private void or(int word, long bits) {
        // Also where the bits are there already: the compare-and-set is what orders a device's write before a reader's look at
        // it.
        long before;
        do {
            before = words.get(word);
        } while (!words.compareAndSet(word, before, before | bits));
    }
}
