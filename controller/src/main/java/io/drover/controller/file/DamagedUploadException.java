package io.drover.controller.file;

import java.io.IOException;

/** The bytes that came are not the ones that were announced. */
public final class DamagedUploadException extends IOException {
    DamagedUploadException(String message) {
        super(message);
    }
}
