/** Of a card: DICOM's codes of what makes images, each once. PS3.3, C.7.3.1.1.1; codes are of the VR CS (PS3.5, 6.2). */
export function isModality(value: unknown): value is string[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > 16) return false;
  return (
    value.every((each) => typeof each === "string" && /^[A-Z0-9_]{1,16}$/.test(each)) &&
    new Set(value).size === value.length
  );
}
