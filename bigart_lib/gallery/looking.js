/* What the gallery's viewer and the studio's have in common: how OpenSeadragon is set, and when it smooths pixels. */
const SHARP = 4;  // device pixels that a pixel takes from which on its edges are shown
const isWhole = (times) => times > 0.999 && Math.abs(times - Math.round(times)) < 1e-6;
const isSmooth = (times) => times < SHARP && !isWhole(times);  // of whole numbers each pixel is itself

function lookingOptions() {
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  return {
    drawer: 'canvas', showNavigationControl: false, prefixUrl: '', keyboardNavEnabled: false,
    visibilityRatio: 0.3, minZoomImageRatio: 0.8, maxZoomPixelRatio: 16, animationTime: isCalm ? 0 : 0.4, blendTime: 0,
    zoomPerClick: 2, zoomPerScroll: 1.25, minPixelRatio: 0.8,
    smoothTileEdgesMinZoom: Infinity,  // else tiles are drawn in another size first
    gestureSettingsMouse: {clickToZoom: false, dblClickToZoom: true},
    gestureSettingsTouch: {clickToZoom: false, dblClickToZoom: true, flickEnabled: !isCalm},
    gestureSettingsPen: {clickToZoom: false, dblClickToZoom: true},
  };
}

/* What is set while it draws would not last; meanwhile the viewer may have been closed. */
const smooth = (viewer, times) => queueMicrotask(() => {
  if (!viewer.isDestroyed()) viewer.drawer.setImageSmoothingEnabled(isSmooth(times));
});
