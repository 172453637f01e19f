package io.drover.vmm.disk.qcow2;

/** How an image's compressed clusters are compressed. */
public enum CompressionType {
    /** Raw deflate (RFC 1951), whatever the specification's name for it. */
    ZLIB(0),
    /** One frame of Zstandard (RFC 8878). */
    ZSTD(1);

    private final int code;

    CompressionType(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
