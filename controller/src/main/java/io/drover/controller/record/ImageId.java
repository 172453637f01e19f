package io.drover.controller.record;

/** The last part of the name of a image. */
public record ImageId(String value) implements RecordKey, Comparable<ImageId> {
    public static final String COLLECTION = "images";

    /**
     * Checks the form.
     *
     * @throws IllegalArgumentException when {@code value} breaks {@link IdSyntax}
     */
    public ImageId {
        IdSyntax.require("image", value);
    }

    @Override
    public String resourceName() {
        return COLLECTION + "/" + value;
    }

    @Override
    public int compareTo(ImageId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
