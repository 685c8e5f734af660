/* The print card's way into the viewer. */
root.addEventListener('click', (event) => {
  if (event.target.closest('.bigart-look')) bigart.view?.();
});
