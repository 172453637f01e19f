package io.drover.vmm.disk;

import java.io.IOException;
import java.io.Serial;

/** Somebody else has the image, whom we do not go together with. The message says who, if that can be seen. */
public final class ImageInUseException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    ImageInUseException(String message) {
        super(message);
    }
}
