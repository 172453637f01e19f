package io.drover.vmm.linux;

/** What files that this process creates are allowed to be. */
public final class FileMode {
    private static final long OTHERS_AND_GROUP = 077;

    private FileMode() {}

    /** umask(2): from now on every file and socket of this process is its user's alone. */
    public static void keepPrivate() {
        SystemCall.invoke(SystemCall.UMASK, OTHERS_AND_GROUP, 0, 0);
    }
}
