package io.drover.vmm.disk.qcow2;

import java.io.IOException;
import java.io.Serial;

/** An image that is no qcow2, is damaged, or needs what we do not have. */
public final class Qcow2FormatException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    private Qcow2FormatException(String message) {
        super(message);
    }

    /** What the image says makes no sense. */
    static Qcow2FormatException corrupt(String image, String what) {
        return new Qcow2FormatException(image + ": corrupt qcow2 image: " + what + "; next: qemu-img check " + image);
    }

    /** What the image says may make sense, but not to us. */
    static Qcow2FormatException refused(String image, String what, String wayOut) {
        return new Qcow2FormatException(image + ": " + what + "; next: " + wayOut);
    }
}
