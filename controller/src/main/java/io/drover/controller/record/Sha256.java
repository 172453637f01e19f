package io.drover.controller.record;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** The SHA-256 of a file: 64 lower-case hexadecimal digits. */
public record Sha256(String hex) {
    private static final Pattern FORM = Pattern.compile("[0-9a-f]{64}");

    public Sha256 {
        if (!holds(hex)) {
            throw new IllegalArgumentException("sha256 : " + hex + " (expected: 64 lower-case hexadecimal digits)");
        }
    }

    public static boolean holds(String hex) {
        return FORM.matcher(hex).matches();
    }

    public static Sha256 of(byte[] bytes) {
        return from(digest().digest(bytes));
    }

    /**
     * Of the bytes that a digest has read.
     *
     * @param hash the 32 bytes that a digest gave
     */
    public static Sha256 from(byte[] hash) {
        return new Sha256(HexFormat.of().formatHex(hash));
    }

    public static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256 (java.security.MessageDigest)", e);
        }
    }

    @Override
    public String toString() {
        return hex;
    }
}
