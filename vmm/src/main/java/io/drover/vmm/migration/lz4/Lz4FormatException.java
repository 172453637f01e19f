package io.drover.vmm.migration.lz4;

import java.io.IOException;
import java.io.Serial;

/** Bytes that are no LZ4 block, or not of what was expected. */
public final class Lz4FormatException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    Lz4FormatException(String message) {
        super(message);
    }
}
