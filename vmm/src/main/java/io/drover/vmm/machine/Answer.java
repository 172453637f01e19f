package io.drover.vmm.machine;

/** Hears what became of something that a machine was asked to do; one of the two, once, on the machine's thread. */
public interface Answer {
    /** It is so now. */
    void done();

    /** Nothing was done. */
    void refused(String why);
}
