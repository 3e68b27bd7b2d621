/** Shows the unread count in the tab's title. @returns the function that updates it. */
export function createUnreadTitle(numbers: Intl.NumberFormat): (unread: number) => void {
  let mark = '';
  return (unread) => {
    const own = document.title.startsWith(mark) ? document.title.slice(mark.length) : document.title;
    mark = unread === 0 ? '' : `(${numbers.format(unread)}) `;
    if (document.title !== mark + own) document.title = mark + own;
  };
}
